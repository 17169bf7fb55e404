import { describe, expect, it } from 'vitest'
import { murmur2, partitionOf } from './murmur2.ts'

describe('murmur2', () => {
  // Source: org.apache.kafka.common.utils.UtilsTest.testMurmur2, Apache Kafka.
  it.each([
    ['21', -973_932_308],
    ['foobar', -790_332_482],
    ['a-little-bit-long-string', -985_981_536],
    ['a-little-bit-longer-string', -1_486_304_829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
    ['abc', 479_470_107],
  ])('given %s, it is what the Java client computes', (text, expected) => {
    expect(murmur2(Buffer.from(text))).toBe(expected)
  })

  it('given a negative hash, the partition is made positive as Java does it: without the sign bit, not its opposite', () => {
    expect(partitionOf('foobar', 12)).toBe((-790_332_482 & 0x7fffffff) % 12)
    expect(partitionOf('abc', 12)).toBe(479_470_107 % 12)
  })

  it('given many users, every partition gets its share', () => {
    const counts = Array.from({ length: 12 }, () => 0)
    for (let user = 0; user < 12_000; user += 1) {
      const partition = partitionOf(`01890000-0000-7000-8000-${String(user).padStart(12, '0')}`, 12)
      counts[partition] = (counts[partition] ?? 0) + 1
    }
    for (const count of counts) expect(count).toBeGreaterThan(800)
  })
})
