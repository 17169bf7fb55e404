/** Some of a user's vectors, by their numbers: what is looked at of all there are. */
export interface Chosen {
  count: number
  /** Ascending. */
  numbers(): Uint32Array
  /** One bit for each of the user's vectors, from the lowest of each word on; undefined: so few were chosen that a list is smaller. */
  bits: Uint32Array | undefined
  /** Memory that it takes. */
  bytes: number
}

/** @param numbers ascending, of so many vectors. */
export function createChosen(numbers: Uint32Array, of: number): Chosen {
  const count = numbers.length
  if (count * 32 <= of) return { count, numbers: () => numbers, bits: undefined, bytes: numbers.byteLength }
  const bits = new Uint32Array(Math.ceil(of / 32))
  for (const number of numbers) bits[number >>> 5] = (bits[number >>> 5] as number) | (1 << (number & 31))
  return { count, numbers: () => numbersOf(bits, count), bits, bytes: bits.byteLength }
}

function numbersOf(bits: Uint32Array, count: number): Uint32Array {
  const numbers = new Uint32Array(count)
  let written = 0
  for (const [at, word] of bits.entries()) {
    for (let left = word; left !== 0; left &= left - 1)
      numbers[written++] = at * 32 + 31 - Math.clz32(left & -left)
  }
  return numbers
}

/** Of the rows of which vectors these are, the places of those that were chosen. */
export function placesOf(bits: Uint32Array, vectors: Uint32Array): Uint32Array {
  const places = new Uint32Array(vectors.length)
  let count = 0
  // Each is written, and counted by its bit: a branch that nobody can foresee takes ten times as long.
  for (let place = 0; place < vectors.length; place += 1) {
    const vector = vectors[place] as number
    places[count] = place
    count += ((bits[vector >>> 5] as number) >>> (vector & 31)) & 1
  }
  return places.subarray(0, count)
}
