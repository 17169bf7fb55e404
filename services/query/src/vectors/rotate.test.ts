import { describe, expect, it } from 'vitest'
import { rotate, writeQuestion } from './rotate.ts'
import { scratch } from './slabs.ts'

const dimensions = 1_536
const dot = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, value, at) => sum + value * (b[at] as number), 0)

describe('rotate', () => {
  it('given two vectors, their lengths and their product stay', () => {
    const [a, b] = [0, 1].map(() => Float32Array.from({ length: dimensions }, () => Math.random() - 0.4)) as [
      Float32Array,
      Float32Array,
    ]
    const before = [dot(a, a), dot(b, b), dot(a, b)]
    rotate(a)
    rotate(b)
    const after = [dot(a, a), dot(b, b), dot(a, b)]
    after.forEach((value, at) => expect(value).toBeCloseTo(before[at] as number, 1))
  })

  it.each([0, 511, 512, 1_535])(
    'given a vector with nothing but place %i, it ends in every place',
    (place) => {
      const vector = new Float32Array(dimensions)
      vector[place] = 1
      rotate(vector)
      const even = 1 / Math.sqrt(dimensions)
      expect(Math.max(...vector.map(Math.abs))).toBeLessThan(6 * even)
      expect(vector.filter((value) => Math.abs(value) > even / 10).length).toBeGreaterThan(dimensions / 2)
    },
  )
})

describe('writeQuestion', () => {
  it.each([
    ['turned already', true],
    ['as it was embedded', false],
  ])(
    'given a question %s, its signs, its shorts and its bytes are those of JavaScript, and their factors',
    (_, isTurned) => {
      const values = Float32Array.from({ length: dimensions }, () => Math.random() ** 3 - 0.3)
      const turned = values.slice()
      if (!isTurned) rotate(turned)
      const { bytes, roughStep } = writeQuestion(values, { isTurned })
      const read = new DataView(bytes.slice().buffer)
      const length = Math.sqrt(dot(turned, turned))
      const largest = Math.max(...turned.map(Math.abs))
      expect(roughStep).toBeCloseTo(largest / 63 / length, 6)
      expect(read.getFloat32(scratch.bytes + dimensions, true)).toBeCloseTo(roughStep, 8)
      expect(read.getFloat32(scratch.shorts + dimensions * 2, true)).toBeCloseTo(1 / 32_767, 12)
      for (const [at, value] of turned.entries()) {
        expect((read.getUint8(scratch.signs + (at >> 3)) >> (at & 7)) & 1).toBe(value > 0 ? 1 : 0)
        const short = read.getInt16(scratch.shorts + at * 2, true)
        expect(Math.abs(short - (value / length) * 32_767)).toBeLessThan(0.51)
        expect(Math.abs(read.getUint8(scratch.bytes + at) - 64 - (value / largest) * 63)).toBeLessThan(0.51)
      }
    },
  )

  it('given nothing but zeros, it is like nothing', () => {
    const { bytes, roughStep } = writeQuestion(new Float32Array(dimensions), { isTurned: false })
    expect(roughStep).toBe(0)
    expect(new Set(bytes.subarray(scratch.bytes, scratch.bytes + dimensions))).toEqual(new Set([64]))
  })
})
