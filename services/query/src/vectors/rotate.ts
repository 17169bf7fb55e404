import { vectorDimensions } from '@synap/ai'

const block = 512
const blocks = vectorDimensions / block
const scale = 1 / Math.sqrt(block)

/** The same signs in every process, and no pattern that a model could share: xorshift32. */
const signs = [0x9e3779b9, 0x7f4a7c15].map((seed) => {
  let state = seed
  return Float32Array.from({ length: vectorDimensions }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state & 1 ? scale : -scale
  })
})

/**
 * Turns a vector of 1536 places, in place, in a way that is the same for all: products and lengths stay, but what was in
 * few places is spread over all of them. Only then do signs alone tell how far two vectors are apart, and do eight bits
 * suffice for each place, whatever the model (that of the offline provider leaves most places 0). Random signs and
 * Walsh-Hadamard transforms of blocks, twice, with the blocks shuffled into each other between (Ailon, Chazelle, "The Fast
 * Johnson-Lindenstrauss Transform", 2009).
 */
export function rotate(values: Float32Array): void {
  for (const [round, ofRound] of signs.entries()) {
    if (round > 0) shuffle(values)
    for (let at = 0; at < vectorDimensions; at += 1)
      values[at] = (values[at] as number) * (ofRound[at] as number)
    for (let from = 0; from < vectorDimensions; from += block) transform(values, from)
  }
}

const shuffled = new Float32Array(vectorDimensions)

function shuffle(values: Float32Array): void {
  for (let at = 0; at < block; at += 1) {
    for (let of = 0; of < blocks; of += 1) shuffled[at * blocks + of] = values[of * block + at] as number
  }
  values.set(shuffled)
}

function transform(values: Float32Array, from: number): void {
  for (let at = from; at < from + block; at += 4) transformFour(values, at)
  for (let half = 4; half < block; half *= 2) {
    for (let start = from; start < from + block; start += half * 2) {
      for (let at = start; at < start + half; at += 1) {
        const left = values[at] as number
        const right = values[at + half] as number
        values[at] = left + right
        values[at + half] = left - right
      }
    }
  }
}

/** The first two steps at once: as loops of one and two they would take most of the time. */
function transformFour(values: Float32Array, at: number): void {
  const [a, b] = [values[at] as number, values[at + 1] as number]
  const [c, d] = [values[at + 2] as number, values[at + 3] as number]
  values[at] = a + b + (c + d)
  values[at + 1] = a - b + (c - d)
  values[at + 2] = a + b - (c + d)
  values[at + 3] = a - b - (c - d)
}
