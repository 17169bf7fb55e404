import { describe, expect, it } from 'vitest'
import { createKernel, restBytes, roughNone, signBytes, vectorBytes } from './kernel.ts'

const pageBytes = 65_536
const dimensions = 1_536

describe('the kernel', () => {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 4 })
  const kernel = createKernel(memory)
  const random = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = Math.floor(Math.random() * 256)
    return bytes
  }
  const ones = (byte: number) => byte.toString(2).replaceAll('0', '').length

  it('given signs, it counts those that differ as JavaScript does, and writes no further', () => {
    const rows = 40
    const question = random(new Uint8Array(memory.buffer, 64, signBytes))
    const packed = random(new Uint8Array(memory.buffer, pageBytes, rows * signBytes))
    packed.set(question, 0)
    packed.set(
      question.map((byte) => ~byte),
      signBytes,
    )
    const out = new Uint16Array(memory.buffer, 4_096, rows + 1).fill(7)
    kernel.countDifferences(64, pageBytes, rows, 4_096)
    const expected = Array.from({ length: rows }, (_, row) =>
      question.reduce((sum, byte, at) => sum + ones(byte ^ (packed[row * signBytes + at] as number)), 0),
    )
    expect(expected.slice(0, 2)).toEqual([0, dimensions])
    expect(Array.from(out)).toEqual([...expected, 7])
    out.fill(7)
    kernel.countDifferences(64, pageBytes, 0, 4_096)
    expect(out[0]).toBe(7)
    const listed = [7, 0, 39, 1]
    new Uint32Array(memory.buffer, 8_192, listed.length).set(listed.map((row) => pageBytes + row * signBytes))
    kernel.countListed(64, 8_192, listed.length, 4_096)
    expect(Array.from(out.subarray(0, 5))).toEqual([...listed.map((row) => expected[row]), 7])
  })

  it('given numbers, it multiplies them as JavaScript does, the largest too, and writes no further', () => {
    const question = new Int16Array(memory.buffer, 256, dimensions)
    const places = [0, 1, 2].map((at) => pageBytes + at * vectorBytes * 2)
    const vectors = places.map((at) => new Int8Array(memory.buffer, at, dimensions))
    const order = [2, 0, 1] as const
    const listed = order.map((at) => vectors[at] as Int8Array)
    new Uint32Array(memory.buffer, 8_192, listed.length).set(listed.map(({ byteOffset }) => byteOffset))
    const out = new Float32Array(memory.buffer, 9_000, listed.length + 1)
    const written = (by: 'multiply' | 'multiplyRoughly') => {
      out.fill(7)
      kernel[by]?.(256, 8_192, listed.length, 9_000)
      return Array.from(out)
    }
    /** What lies behind a question of so many bytes, and behind each vector: a half, and its number from 1. */
    const fillBehind = (bytes: number) => {
      new DataView(memory.buffer).setFloat32(256 + bytes, 0.5, true)
      for (const [number, at] of places.entries()) {
        const behind = new DataView(memory.buffer, at + dimensions)
        behind.setFloat32(0, number + 1, true)
        behind.setInt32(
          4,
          (vectors[number] as Int8Array).reduce((sum, value) => sum + value, 0),
          true,
        )
      }
    }
    const expected = (of: ArrayLike<number>, none = 0) => [
      ...order.map((at) =>
        Math.fround(
          Array.from(of).reduce(
            (sum, value, place) => sum + (value - none) * (vectors[at]?.[place] as number),
            0,
          ) *
            (at + 1) *
            0.5,
        ),
      ),
      7,
    ]
    for (let run = 0; run < 20; run += 1) {
      random(new Uint8Array(memory.buffer, 256, dimensions * 2))
      question.forEach((value, at) => (question[at] = value >> 6))
      random(new Uint8Array(memory.buffer, pageBytes, vectorBytes * 5))
      fillBehind(dimensions * 2)
      expect(written('multiply')).toEqual(expected(question))
    }
    // The longest question there is, and a vector that points the same way.
    question.fill(Math.floor(32_767 / Math.sqrt(dimensions)))
    vectors[1]?.fill(-127)
    fillBehind(dimensions * 2)
    expect(written('multiply')).toEqual(expected(question))
    const rough = new Uint8Array(memory.buffer, 256, dimensions)
    for (let run = 0; run < 20; run += 1) {
      random(rough).forEach((value, at) => (rough[at] = value >> 1))
      random(new Uint8Array(memory.buffer, pageBytes, vectorBytes * 5))
      fillBehind(dimensions)
      expect(written('multiplyRoughly')).toEqual(expected(rough, roughNone))
    }
    // The largest there are, of which the machine adds two before it has room for more.
    rough.fill(127)
    vectors[0]?.fill(127)
    vectors[1]?.fill(-127)
    fillBehind(dimensions)
    expect(written('multiplyRoughly')).toEqual(expected(rough, roughNone))
    out.fill(7)
    kernel.multiply(256, 8_192, 0, 9_000)
    expect(out[0]).toBe(7)
  })

  it('given rests, it multiplies them as JavaScript does, and writes no further', () => {
    const question = new Int16Array(memory.buffer, 256, dimensions)
    const rests = new Uint8Array(memory.buffer, pageBytes, restBytes * 3)
    const placesOf = (rest: number) =>
      Array.from({ length: dimensions }, (_, place) => {
        const byte = rests[rest * restBytes + Math.floor(place / 32) * 16 + (place % 16)] as number
        const four = place % 32 < 16 ? byte & 15 : byte >> 4
        return four > 7 ? four - 16 : four
      })
    const listed = [2, 0]
    new Uint32Array(memory.buffer, 8_192, 2).set(listed.map((rest) => pageBytes + rest * restBytes))
    const out = new Int32Array(memory.buffer, 9_000, 3)
    for (let run = 0; run < 20; run += 1) {
      random(new Uint8Array(memory.buffer, 256, dimensions * 2))
      random(rests)
      if (run === 0) {
        question.fill(-32_768)
        rests.fill(0x88)
      }
      const expected = listed.map((rest) =>
        placesOf(rest).reduce((sum, value, place) => sum + value * (question[place] as number), 0),
      )
      out.fill(7)
      kernel.multiplyRests(256, 8_192, listed.length, 9_000)
      expect(Array.from(out)).toEqual([...expected, 7])
    }
  })
})
