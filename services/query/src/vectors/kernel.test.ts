import { describe, expect, it } from 'vitest'
import { createKernel, restBytes, signBytes } from './kernel.ts'

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
    const vectors = Array.from(
      { length: 3 },
      (_, at) => new Int8Array(memory.buffer, pageBytes + at * dimensions * 2, dimensions),
    )
    const listed = [vectors[2], vectors[0], vectors[1]] as Int8Array[]
    new Uint32Array(memory.buffer, 8_192, listed.length).set(listed.map(({ byteOffset }) => byteOffset))
    const out = new Int32Array(memory.buffer, 9_000, listed.length + 1)
    const products = () => {
      out.fill(7)
      kernel.multiply(256, 8_192, listed.length, 9_000)
      return Array.from(out)
    }
    const expected = () => [
      ...listed.map((vector) => question.reduce((sum, value, at) => sum + value * (vector[at] as number), 0)),
      7,
    ]
    for (let run = 0; run < 20; run += 1) {
      random(new Uint8Array(memory.buffer, 256, dimensions * 2))
      question.forEach((value, at) => (question[at] = value >> 6))
      random(new Uint8Array(memory.buffer, pageBytes, dimensions * 5))
      expect(products()).toEqual(expected())
    }
    // The longest question there is, and a vector that points the same way.
    question.fill(Math.floor(32_767 / Math.sqrt(dimensions)))
    vectors[1]?.fill(-127)
    expect(products()).toEqual(expected())
    const rough = new Uint8Array(memory.buffer, 256, dimensions)
    const roughly = () => {
      out.fill(7)
      kernel.multiplyRoughly?.(256, 8_192, listed.length, 9_000)
      return Array.from(out)
    }
    const expectedRoughly = () => [
      ...listed.map((vector) => rough.reduce((sum, value, at) => sum + value * (vector[at] as number), 0)),
      7,
    ]
    for (let run = 0; run < 20; run += 1) {
      random(rough).forEach((value, at) => (rough[at] = value >> 1))
      expect(roughly()).toEqual(expectedRoughly())
      random(new Uint8Array(memory.buffer, pageBytes, dimensions * 5))
    }
    // The largest there are, of which the machine adds two before it has room for more.
    rough.fill(127)
    vectors[0]?.fill(127)
    vectors[1]?.fill(-127)
    expect(roughly()).toEqual(expectedRoughly())
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
