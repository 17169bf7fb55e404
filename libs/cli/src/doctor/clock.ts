import { type Check, type Finding, failed, ok, warning } from './check.ts'

export const clock: Check = {
  name: 'clock',
  otherwise: () => 'See the address above',
  run: async ({ connection }, signal) => {
    if (connection === undefined) return undefined
    const before = Date.now()
    const response = await fetch(new URL('/openapi.json', connection.ingestUrl), { method: 'HEAD', signal })
    const after = Date.now()
    const date = Date.parse(response.headers.get('date') ?? '')
    return judgeClock(Number.isNaN(date) ? undefined : date, before, after)
  },
}

/**
 * `date`: what the server said, cut to whole seconds, at some moment from `before` to `after` by the clock of this
 * machine; all in milliseconds.
 */
export function judgeClock(date: number | undefined, before: number, after: number): Finding {
  if (date === undefined) return warning('the server tells no time', 'Is a proxy in between?')
  const ahead = Math.max(0, date - after)
  const behind = Math.max(0, before - (date + 999))
  const seconds = Math.round(Math.max(ahead, behind) / 1_000)
  if (seconds < 2) return ok('as that of the server')
  const found = `${seconds} s ${ahead > 0 ? 'behind' : 'ahead of'} the server`
  const advice = 'Set the clocks by NTP: timedatectl set-ntp true'
  return seconds < 60 ? warning(found, advice) : failed(found, advice)
}
