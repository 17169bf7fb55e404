import type { InboundMessage } from '@synap/messaging'

/** A record as kafkajs hands it out. */
export interface RawMessage {
  offset: string
  timestamp: string
  key?: Buffer | null
  value: Buffer | null
  headers?: Record<string, unknown>
}

/** kafkajs' record as ours. */
export function toInbound(topic: string, partition: number, raw: RawMessage): InboundMessage {
  return {
    topic,
    partition,
    offset: BigInt(raw.offset),
    key: raw.key?.toString('utf8') ?? null,
    value: raw.value,
    headers: toHeaders(raw.headers),
    timestamp: Number(raw.timestamp),
  }
}

function toHeaders(raw: Record<string, unknown> | undefined): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(raw ?? {})) {
    const last: unknown = Array.isArray(value) ? value.at(-1) : value
    // A plain object would take `__proto__` for its prototype: a record from outside must not reach that.
    if (name === '__proto__') continue
    headers[name] = Buffer.isBuffer(last) ? last.toString('utf8') : typeof last === 'string' ? last : ''
  }
  return headers
}
