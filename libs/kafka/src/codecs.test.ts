import { gzipSync } from 'node:zlib'
import kafkajs from 'kafkajs'
import { describe, expect, it } from 'vitest'
import './codecs.ts'

interface Codec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>
  decompress(packed: Buffer): Promise<Buffer>
}
const gzip = (kafkajs.CompressionCodecs[kafkajs.CompressionTypes.GZIP] as unknown as () => Codec)()

describe('gzip', () => {
  it.each([0, 1, 16 * 1024, 16 * 1024 + 1, 300 * 1024])(
    'given %d bytes, what is unpacked is what was packed',
    async (size) => {
      const bytes = Buffer.from(Array.from({ length: size }, (_, index) => (index * index) % 251))
      expect(await gzip.decompress(await gzip.compress({ buffer: bytes }))).toEqual(bytes)
    },
  )

  it('given a few bytes that unpack to many, all of them come', async () => {
    const zeros = Buffer.alloc(2 * 1024 * 1024)
    expect((await gzip.decompress(gzipSync(zeros))).equals(zeros)).toBe(true)
  })

  it('given bytes that are no gzip, it rejects', async () => {
    await expect(gzip.decompress(Buffer.from('no gzip at all'))).rejects.toMatchObject({
      code: 'Z_DATA_ERROR',
    })
  })
})
