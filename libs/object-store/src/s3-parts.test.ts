import { describe, expect, it } from 'vitest'
import { leastPartBytes, partBytesFor } from './s3-parts.ts'

describe('parts of S3', () => {
  it.each([0, 1, 5 * 2 ** 30, 48 * 2 ** 30, 49 * 2 ** 30, 5 * 2 ** 40])(
    'given %d bytes, they fit into 10,000 parts that S3 takes',
    (bytes) => {
      const part = partBytesFor(bytes)
      expect(part).toBeGreaterThanOrEqual(leastPartBytes)
      expect(part).toBeLessThanOrEqual(5 * 2 ** 30)
      expect(Math.ceil(bytes / part)).toBeLessThanOrEqual(10_000)
    },
  )

  it('given up to 48 GiB, the parts are the shortest there are: that is the memory an upload takes', () => {
    expect(partBytesFor(48 * 2 ** 30)).toBe(leastPartBytes)
  })
})
