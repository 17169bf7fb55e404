/** Reads the big-endian types of Kafka's protocol from a request. Source: kafka.apache.org/protocol. */
export interface WireReader {
  int8(): number
  int16(): number
  int32(): number
  int64(): bigint
  string(): string | null
  bytes(): Buffer
  /** Zigzag variable-length integer of record batches. */
  varint(): number
  take(length: number): Buffer
  array<T>(item: () => T): T[]
}

export function createReader(buffer: Buffer): WireReader {
  let at = 0
  const move = (length: number) => (at += length) - length
  const reader: WireReader = {
    int8: () => buffer.readInt8(move(1)),
    int16: () => buffer.readInt16BE(move(2)),
    int32: () => buffer.readInt32BE(move(4)),
    int64: () => buffer.readBigInt64BE(move(8)),
    string() {
      const length = reader.int16()
      return length < 0 ? null : reader.take(length).toString('utf8')
    },
    bytes: () => reader.take(reader.int32()),
    varint() {
      let value = 0
      for (let shift = 0; ; shift += 7) {
        const byte = buffer.readUInt8(move(1))
        value |= (byte & 0x7f) << shift
        if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
      }
    },
    take(length) {
      const from = move(length)
      return buffer.subarray(from, from + length)
    },
    array: (item) => Array.from({ length: Math.max(0, reader.int32()) }, () => item()),
  }
  return reader
}

export const int16 = (value: number): Buffer => {
  const buffer = Buffer.alloc(2)
  buffer.writeInt16BE(value)
  return buffer
}
export const int32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4)
  buffer.writeInt32BE(value)
  return buffer
}
export const int64 = (value: bigint): Buffer => {
  const buffer = Buffer.alloc(8)
  buffer.writeBigInt64BE(value)
  return buffer
}
export const string = (value: string): Buffer =>
  Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])
export const array = (items: readonly Buffer[]): Buffer => Buffer.concat([int32(items.length), ...items])

/** The values in an uncompressed record batch (magic 2), and the producer id it carries (-1: not idempotent). */
export function readRecordBatch(batch: Buffer): { producerId: bigint; values: string[] } {
  const header = createReader(batch)
  // base offset, length, leader epoch, magic, crc, attributes, last offset delta, first and last timestamp
  header.take(8 + 4 + 4 + 1 + 4 + 2 + 4 + 8 + 8)
  const producerId = header.int64()
  // producer epoch, base sequence
  header.take(2 + 4)
  const values = header.array(() => {
    const record = createReader(header.take(header.varint()))
    record.int8()
    record.varint()
    record.varint()
    record.take(record.varint())
    return record.take(record.varint()).toString('utf8')
  })
  return { producerId, values }
}
