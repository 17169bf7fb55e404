import { sha256Hex } from '@synap/core'

/**
 * What a request asks for, as 64 hexadecimal characters: method, path and body. The order of an object's fields does
 * not count, everything else does.
 */
export function hashRequest(method: string, path: string, body: unknown): string {
  return sha256Hex(`${method} ${path}\n${JSON.stringify(sorted(body)) ?? ''}`)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  )
}
