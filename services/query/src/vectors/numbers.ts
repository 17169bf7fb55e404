import { signBytes } from './kernel.ts'

/** Of numbers of 16 bits; many times as fast as `Math.round`. */
export const nearestInteger = (value: number) => ((value + 32_768.5) | 0) - 32_768

/** The largest of these numbers, whatever its sign, and the length of the vector. */
export function measure(values: Float32Array): { largest: number; length: number } {
  let largest = 0
  let square = 0
  // By place: an iterator takes many times as long.
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as number
    square += value * value
    if (value > largest) largest = value
    else if (-value > largest) largest = -value
  }
  return { largest, length: Math.sqrt(square) }
}

/** A bit for each number above 0, taken from its own bits: a branch that nobody can foresee takes ten times as long. */
export function writeSigns(bits: Uint8Array, values: Float32Array): void {
  const raw = new Int32Array(values.buffer, values.byteOffset, values.length)
  for (let byte = 0; byte < signBytes; byte += 1) {
    let packed = 0
    for (let bit = 0; bit < 8; bit += 1) packed |= (-(raw[byte * 8 + bit] as number) >>> 31) << bit
    bits[byte] = packed
  }
}
