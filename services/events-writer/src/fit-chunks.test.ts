import { describe, expect, it } from 'vitest'
import { chunkHoursFor } from './fit-chunks.ts'

const megabyte = 2 ** 20
const grown = (megabytes: number, hours: number | null) => ({ chunks: 1, bytes: megabytes * megabyte, hours })

describe('the length of chunks', () => {
  it('given a log that hardly grows, a year', () => {
    expect(chunkHoursFor(grown(1, 24 * 30), 1_024)).toBe(8_760)
    expect(chunkHoursFor(grown(0, 24), 1_024)).toBe(8_760)
  })

  it.each([
    [1_024, 8_760, 8_760],
    [1_025, 8_760, 2_160],
    [1_024, 2_160, 2_160],
    [1_024, 720, 720],
    [1_024, 168, 168],
    [1_024, 24, 24],
    [4_096, 24, 6],
    [24_576, 24, 1],
    [1_000_000, 24, 1],
  ])('given %i megabytes in %i hours and 1024 wanted, %i hours', (megabytes, hours, wanted) => {
    expect(chunkHoursFor(grown(megabytes, hours), 1_024)).toBe(wanted)
  })

  it('given less than a day of growth, or none, it is not known', () => {
    expect(chunkHoursFor(grown(10_000, 23.9), 1_024)).toBeUndefined()
    expect(chunkHoursFor(grown(0, null), 1_024)).toBeUndefined()
  })
})
