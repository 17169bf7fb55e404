import { InvalidArgumentError } from 'commander'

const msOf = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `90m`, `2h`, `3d` ago, or an instant with its zone, as ISO 8601 in UTC. */
export function parseSince(text: string, _before?: unknown, now = Date.now()): string {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? []
  if (count !== undefined)
    return new Date(now - Number(count) * msOf[unit as keyof typeof msOf]).toISOString()
  const at = Date.parse(text)
  if (/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(at))
    return new Date(at).toISOString()
  throw new InvalidArgumentError('It is a time ago (90m, 2h, 3d) or an instant (2026-11-21T06:00Z).')
}
