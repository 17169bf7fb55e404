import { promisify } from 'node:util'
import { constants, gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib'
import kafkajs from 'kafkajs'

/** What one compressed batch may unpack to; more is an attack or a mistake, not data (a 1 MB gzip can hold 1 GB). */
const maxUnpackedBytes = 64 * 1024 * 1024

const limit = { maxOutputLength: maxUnpackedBytes }
const fast = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

const gzipAsync = promisify(gzip)
const gunzipAsync = promisify(gunzip)
const zstdAsync = promisify(zstdCompress)
const unzstdAsync = promisify(zstdDecompress)

/** kafkajs has gzip only, and without a cap on what it unpacks. Snappy and LZ4 stay refused: see `topics`. */
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.GZIP] = () => ({
  compress: (encoder: { buffer: Buffer }) => gzipAsync(encoder.buffer),
  decompress: (packed: Buffer) => gunzipAsync(packed, limit),
})
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
  compress: (encoder: { buffer: Buffer }) => zstdAsync(encoder.buffer, fast),
  decompress: (packed: Buffer) => unzstdAsync(packed, limit),
})
