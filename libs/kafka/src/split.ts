import { approximateBytes } from './messages.ts'

/** Consecutive runs of at most `maxBytes` and `maxCount` messages, at least one message each. */
export function* splitByBytes<T extends Parameters<typeof approximateBytes>[0]>(
  messages: readonly T[],
  maxBytes: number,
  maxCount: number = Number.POSITIVE_INFINITY,
): Generator<readonly T[]> {
  let from = 0
  let bytes = 0
  for (const [index, message] of messages.entries()) {
    const size = approximateBytes(message)
    if (index > from && (bytes + size > maxBytes || index - from >= maxCount)) {
      yield messages.slice(from, index)
      from = index
      bytes = 0
    }
    bytes += size
  }
  if (from < messages.length) yield messages.slice(from)
}
