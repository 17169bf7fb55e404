import { isDeepStrictEqual } from 'node:util'
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { MadeEvent } from '@synap/inbox/testing'

/** A way to pack the records of one batch. */
export interface Packer {
  name: string
  pack: (batch: Buffer) => Buffer
  unpack: (packed: Buffer) => Buffer
}

const gzip = (level: number): Packer => ({
  name: `gzip-${level}`,
  pack: (batch) => gzipSync(batch, { level }),
  unpack: (packed) => gunzipSync(packed),
})

const zstd = (level: number, dictionary?: Buffer): Packer => {
  const options = dictionary === undefined ? {} : { dictionary }
  return {
    name: dictionary === undefined ? `zstd-${level}` : `zstd-${level} with a dictionary`,
    pack: (batch) =>
      zstdCompressSync(batch, { params: { [constants.ZSTD_c_compressionLevel]: level }, ...options }),
    unpack: (packed) => zstdDecompressSync(packed, options),
  }
}

export const none: Packer = { name: 'none', pack: (batch) => batch, unpack: (packed) => packed }
/** What Synap's publisher and the topic use: zlib's own level. */
export const used = gzip(6)
export const best = zstd(19)

/** As large as zstd's own trainer makes them; raw text of other events, of which the encoder finds the pieces itself. */
const dictionaryBytes = 112 * 1_024

export function packersOf(others: Buffer): { packers: readonly Packer[]; floor: Packer } {
  const floor = zstd(19, others.subarray(0, dictionaryBytes))
  return { packers: [none, gzip(1), gzip(3), used, gzip(9), zstd(1), zstd(3), best, floor], floor }
}

/** Throws when a packer does not give back what it got. */
export function assertSame({ name, unpack }: Packer, batch: Buffer, packed: Buffer): void {
  if (!isDeepStrictEqual(unpack(packed), batch)) throw new Error(`${name} gave back another batch`)
}

/**
 * The records of a batch as Kafka packs them, without the 61 bytes of the batch itself. Source of the format:
 * https://kafka.apache.org/documentation/#record. A time as the publisher sends it: the same for all.
 */
export function recordsOf(messages: readonly Pick<MadeEvent, 'key' | 'value' | 'headers'>[]): Buffer {
  return Buffer.concat(messages.map(recordOf))
}

function recordOf(
  { key, value, headers }: Pick<MadeEvent, 'key' | 'value' | 'headers'>,
  offset: number,
): Buffer {
  const pairs = Object.entries(headers)
  const body = Buffer.concat([
    // Attributes and difference of time.
    Buffer.from([0, 0]),
    varint(offset),
    ...sized(Buffer.from(key)),
    ...sized(value),
    varint(pairs.length),
    ...pairs.flatMap(([name, text]) => [...sized(Buffer.from(name)), ...sized(Buffer.from(text))]),
  ])
  return Buffer.concat(sized(body))
}

const sized = (bytes: Buffer) => [varint(bytes.length), bytes]

/** Zigzag, seven bits at a time, lowest first. */
export function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value * 2
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return Buffer.from([...bytes, rest])
}
