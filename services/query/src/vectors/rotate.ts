import { vectorDimensions } from '@synap/ai'
import { block, createRotation } from './rotation-kernel.ts'

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

const bytes = vectorDimensions * 4
const valuesAt = 0
const signsAt = bytes
const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
const kernel = createRotation(memory)
const inKernel = new Float32Array(memory.buffer, valuesAt, vectorDimensions)
for (const [round, ofRound] of signs.entries()) {
  new Float32Array(memory.buffer, signsAt + round * bytes, vectorDimensions).set(ofRound)
}

/**
 * Turns a vector of 1536 places, in place, in a way that is the same for all: products and lengths stay, but what was in
 * few places is spread over all of them. Only then do signs alone tell how far two vectors are apart, and do eight bits
 * suffice for each place, whatever the model (that of the offline provider leaves most places 0). Random signs and
 * Walsh-Hadamard transforms of blocks, twice, with the blocks shuffled into each other between (Ailon, Chazelle, "The Fast
 * Johnson-Lindenstrauss Transform", 2009).
 */
export function rotate(values: Float32Array): void {
  inKernel.set(values)
  kernel.turn(valuesAt, signsAt)
  shuffle(inKernel, values)
  inKernel.set(values)
  kernel.turn(valuesAt, signsAt + bytes)
  values.set(inKernel)
}

/** Of blocks, into each other. */
function shuffle(from: Float32Array, to: Float32Array): void {
  for (let at = 0; at < block; at += 1) {
    for (let of = 0; of < blocks; of += 1) to[at * blocks + of] = from[of * block + at] as number
  }
}
