const magic = 0
const headerBytes = 5
const maxSchemaId = 2_147_483_647

/** Confluent's wire format: 0x00, the schema id (int32, big endian), then the bytes of the record. */
export function frame(schemaId: number, ...parts: readonly Uint8Array[]): Buffer {
  if (!Number.isInteger(schemaId) || schemaId <= 0 || schemaId > maxSchemaId) {
    throw new RangeError('a schema id is a positive int32')
  }
  let length = headerBytes
  for (const part of parts) length += part.length
  const framed = Buffer.allocUnsafe(length)
  framed[0] = magic
  framed.writeInt32BE(schemaId, 1)
  let at = headerBytes
  for (const part of parts) {
    framed.set(part, at)
    at += part.length
  }
  return framed
}

export type ParsedFrame =
  | { readonly schemaId: number; readonly payload: Buffer; readonly refused?: undefined }
  | { readonly refused: 'null' | 'empty' | 'short' | 'magic' | 'schema_id' }

/** Takes a message's value apart; never throws. `payload` shares the memory of `value`. */
export function parseFrame(value: Buffer | null): ParsedFrame {
  if (value === null) return { refused: 'null' }
  if (value.length === 0) return { refused: 'empty' }
  if (value.length < headerBytes) return { refused: 'short' }
  if (value[0] !== magic) return { refused: 'magic' }
  const schemaId = value.readInt32BE(1)
  if (schemaId <= 0) return { refused: 'schema_id' }
  return { schemaId, payload: value.subarray(headerBytes) }
}
