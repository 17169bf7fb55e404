import { promisify } from 'node:util'
import { constants, gunzip, gunzipSync, gzip, gzipSync, zstdCompress, zstdDecompress } from 'node:zlib'
import kafkajs from 'kafkajs'

/** What one compressed batch may unpack to; more is an attack or a mistake, not data (a 1 MB gzip can hold 1 GB). */
const maxUnpackedBytes = 64 * 1024 * 1024
/** Below this the way to another thread and back takes longer than the work, and work like this holds up nobody. */
const smallBytes = 16 * 1024

const limit = { maxOutputLength: maxUnpackedBytes }
const smallLimit = { maxOutputLength: 16 * smallBytes }
const fast = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

const gzipAsync = promisify(gzip)
const gunzipAsync = promisify(gunzip)
const zstdAsync = promisify(zstdCompress)
const unzstdAsync = promisify(zstdDecompress)

/** kafkajs has gzip only, and without a cap on what it unpacks. Snappy and LZ4 stay refused: see `topics`. */
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.GZIP] = () => ({
  compress: async ({ buffer }: { buffer: Buffer }) =>
    buffer.length <= smallBytes ? gzipSync(buffer) : gzipAsync(buffer),
  decompress: async (packed: Buffer) => unpackSmall(packed) ?? gunzipAsync(packed, limit),
})
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
  compress: (encoder: { buffer: Buffer }) => zstdAsync(encoder.buffer, fast),
  decompress: (packed: Buffer) => unzstdAsync(packed, limit),
})

/** Undefined when it is large, or unpacks to much. */
function unpackSmall(packed: Buffer): Buffer | undefined {
  if (packed.length > smallBytes) return undefined
  try {
    return gunzipSync(packed, smallLimit)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined
    throw error
  }
}
