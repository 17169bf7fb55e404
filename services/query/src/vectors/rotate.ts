import { vectorDimensions } from '@synap/ai'
import { roughNone } from './kernel.ts'
import { block, createRotation } from './rotation-kernel.ts'
import { questionBytes, scratch } from './slabs.ts'

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
const [valuesAt, turnedAt, signsAt, measuresAt, scalesAt, questionAt] = [
  0,
  bytes,
  bytes * 2,
  bytes * 4,
  bytes * 4 + 32,
  bytes * 4 + 64,
]
const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
const kernel = createRotation(memory)
const inKernel = new Float32Array(memory.buffer, valuesAt, vectorDimensions)
const turned = new Float32Array(memory.buffer, turnedAt, vectorDimensions)
const measures = new Float32Array(memory.buffer, measuresAt, 8)
const scales = new Float32Array(memory.buffer, scalesAt, 2)
const question = new Uint8Array(memory.buffer, questionAt, questionBytes)
const behind = new DataView(memory.buffer, questionAt)
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
  turn(values)
  values.set(turned)
}

function turn(values: Float32Array): void {
  inKernel.set(values)
  kernel.turn(valuesAt, signsAt)
  kernel.shuffle(valuesAt, turnedAt)
  kernel.turn(turnedAt, signsAt + bytes)
}

/** Of the question's shorts: as long as fits 16 bits. The sum of 1536 products with bytes stays below 2^31. */
export const questionLength = 32_767
behind.setFloat32(scratch.shorts + vectorDimensions * 2, 1 / questionLength, true)
const roughLargest = roughNone - 1

export interface WrittenQuestion {
  /** `questionBytes`, as the kernel reads them; good until the next question. */
  bytes: Uint8Array
  /** A step of the rough bytes, were the question of length 1. */
  roughStep: number
}

/** Turns a question, unless it is turned already, and writes it as the kernel reads it. */
export function writeQuestion(values: Float32Array, { isTurned }: { isTurned: boolean }): WrittenQuestion {
  if (isTurned) turned.set(values)
  else turn(values)
  kernel.measure(turnedAt, measuresAt)
  let [largest, square] = [0, 0]
  for (let at = 0; at < 4; at += 1) {
    largest = Math.max(largest, measures[at] as number)
    square += measures[at + 4] as number
  }
  const length = Math.sqrt(square)
  scales[0] = length === 0 ? 0 : questionLength / length
  scales[1] = largest === 0 ? 0 : roughLargest / largest
  kernel.writeQuestion(turnedAt, scalesAt, questionAt)
  const roughStep = length === 0 ? 0 : largest / roughLargest / length
  behind.setFloat32(scratch.bytes + vectorDimensions, roughStep, true)
  return { bytes: question, roughStep }
}
