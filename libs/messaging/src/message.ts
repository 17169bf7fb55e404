/** A record on its way out. */
export interface OutboundMessage {
  /** Decides the partition when none is given (murmur2 of its UTF-8 bytes, as Java's client places it). */
  key: string
  /** Null is a tombstone. */
  value: Buffer | null
  headers: Readonly<Record<string, string>>
  /** Wins over the key's placement. */
  partition?: number
}

/** A record as it was read. Order and offsets hold within one partition. */
export interface InboundMessage {
  topic: string
  partition: number
  offset: bigint
  /** The key read as UTF-8; null when the record has none. */
  key: string | null
  /** Null is a tombstone. */
  value: Buffer | null
  /** A name that came more than once keeps its last value. */
  headers: Readonly<Record<string, string>>
  /** Milliseconds since 1970: when it was published. */
  timestamp: number
}
