/** Bytes of a record without compression, as far as a limit needs to know. */
export function approximateBytes(message: {
  key: string | null
  value: Buffer | null
  headers: Readonly<Record<string, string>>
}): number {
  let bytes = 32 + (message.key?.length ?? 0) + (message.value?.length ?? 0)
  // Without an array of pairs for each message.
  for (const name in message.headers) bytes += 4 + name.length + (message.headers[name]?.length ?? 0)
  return bytes
}

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
