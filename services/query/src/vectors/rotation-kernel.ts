import { vectorDimensions } from '@synap/ai'
import { assemble, type Code, i32, op, v128 } from './assemble.ts'
import { roughNone } from './kernel.ts'
import { scratch } from './slabs.ts'

/** Places that are turned into each other; a power of two. */
export const block = 512
const blocks = vectorDimensions / block

/** Of vectors of 1536 numbers (f32); all addresses in bytes. */
export interface Rotation {
  /**
   * Multiplies the numbers with as many others, each with its own, and puts the sum and the difference of any two of a
   * block in the place of them, as often as it takes for each to be part of all: a Walsh-Hadamard transform of each block.
   */
  turn(values: number, factors: number): void
  /** Writes the first of each block, then the second of each, and so on. */
  shuffle(values: number, out: number): void
  /** Writes four numbers, of which the largest is the largest of all, whatever its sign; then four whose sum is that of their squares. */
  measure(values: number, out: number): void
  /**
   * Writes a question as the other kernel reads it, as it lies in `scratch`: its signs, a bit for each number, 1 above 0; the numbers
   * times the first of `scales` (f32) as whole numbers of 16 bits; times the second as bytes, `roughNone` being none.
   */
  writeQuestion(values: number, scales: number, out: number): void
}

export function createRotation(memory: WebAssembly.Memory): Rotation {
  const module = new WebAssembly.Module(
    assemble([
      {
        name: 'turn',
        parameters: 2,
        locals: [
          [5, i32],
          [2, v128],
        ],
        code: turn(),
      },
      { name: 'shuffle', parameters: 2, locals: [[1, i32]], code: shuffle() },
      {
        name: 'measure',
        parameters: 2,
        locals: [
          [1, i32],
          [3, v128],
        ],
        code: measure(),
      },
      {
        name: 'writeQuestion',
        parameters: 3,
        locals: [
          [3, i32],
          [6, v128],
        ],
        code: writeQuestion(),
      },
    ]),
  )
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Rotation
}

const four = 16

const step = (local: number, by: Code): Code => [op.get(local), by, op.add, op.set(local)]
const again = (local: number, limit: number): Code => [
  op.get(local),
  op.get(limit),
  op.lessUnsigned,
  op.branchIf(0),
  op.end,
]
const endOf = (values: number, bytes: number): Code => [op.get(values), op.i32(bytes), op.add]

/** Parameters 0 values, 1 factors; locals 2 the end, 3 a place, 4 bytes between two, 5 a beginning, 6 its end, 7 and 8 numbers. */
function turn(): Code {
  const [values, factors, end, place, apart, start, stop, one, other] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const
  // Within four: the sum where the first was, the difference where the second was.
  const within = (order: readonly number[], signs: readonly number[]): Code => [
    [op.get(one), op.floats(signs), op.multiplyFloats],
    [op.get(one), op.get(one), op.lanes(order), op.addFloats, op.set(one)],
  ]
  const second: Code = [op.get(place), op.get(apart), op.add]
  return [
    [endOf(values, vectorDimensions * 4), op.set(end)],
    [op.get(values), op.set(place), op.loop],
    [op.get(place), op.load(0), op.get(factors), op.load(0), op.multiplyFloats, op.set(one)],
    within([1, 0, 3, 2], [1, -1, 1, -1]),
    within([2, 3, 0, 1], [1, 1, -1, -1]),
    [op.get(place), op.get(one), op.store()],
    [step(factors, op.i32(four)), step(place, op.i32(four)), again(place, end)],
    [op.i32(four), op.set(apart), op.loop],
    [op.get(values), op.set(start), op.loop],
    [op.get(start), op.set(place), op.get(start), op.get(apart), op.add, op.set(stop), op.loop],
    [op.get(place), op.load(0), op.set(one), second, op.load(0), op.set(other)],
    [op.get(place), op.get(one), op.get(other), op.addFloats, op.store()],
    [second, op.get(one), op.get(other), op.subtractFloats, op.store()],
    [step(place, op.i32(four)), again(place, stop)],
    [op.get(start), op.get(apart), op.double, op.add, op.set(start), again(start, end)],
    [op.get(apart), op.double, op.set(apart)],
    [op.get(apart), op.i32(block * 4), op.lessUnsigned, op.branchIf(0), op.end],
  ]
}

/** Parameters 0 values, 1 out; local 2 the end of the first block. */
function shuffle(): Code {
  const [values, out, end] = [0, 1, 2] as const
  return [
    [endOf(values, block * 4), op.set(end), op.loop],
    Array.from({ length: blocks }, (_, of) => [
      [op.get(out), op.get(values), op.load32(of * block * 4), op.store32(of * 4)],
    ]),
    [step(out, op.i32(blocks * 4)), step(values, op.i32(4)), again(values, end)],
  ]
}

/** Parameters 0 values, 1 out; locals 2 the end, 3 numbers, 4 the largest, 5 the sums. */
function measure(): Code {
  const [values, out, end, numbers, largest, squares] = [0, 1, 2, 3, 4, 5] as const
  return [
    [endOf(values, vectorDimensions * 4), op.set(end), op.loop],
    [op.get(values), op.load(0), op.set(numbers)],
    [op.get(largest), op.get(numbers), op.absoluteFloats, op.largerFloats, op.set(largest)],
    [op.get(squares), op.get(numbers), op.get(numbers), op.multiplyFloats, op.addFloats, op.set(squares)],
    [step(values, op.i32(four)), again(values, end)],
    [op.get(out), op.get(largest), op.store(), op.get(out), op.get(squares), op.store(four)],
  ]
}

/** Parameters 0 values, 1 scales, 2 out, of the signs; locals 3 the end, 4 and 5 out, 6 and 7 scales, 8 to 11 numbers. */
function writeQuestion(): Code {
  const [values, scales, signs, end, shorts, bytes, scale, roughScale, ...numbers] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
  ] as const
  /** Four times four numbers as shorts, two and two. */
  const pair = (first: number, of: (local: number) => Code): Code => [
    of(numbers[first] as number),
    of(numbers[first + 1] as number),
    op.wordsToShorts,
  ]
  const above = (local: number): Code => [op.get(local), op.bytes(0), op.aboveFloats]
  const whole =
    (by: number) =>
    (local: number): Code => [op.get(local), op.get(by), op.multiplyFloats, op.nearestFloats, op.toWords]
  return [
    [endOf(values, vectorDimensions * 4), op.set(end)],
    [op.get(signs), op.i32(scratch.shorts - scratch.signs), op.add, op.set(shorts)],
    [op.get(signs), op.i32(scratch.bytes - scratch.signs), op.add, op.set(bytes)],
    [op.get(scales), op.loadAndSpread(0), op.set(scale)],
    [op.get(scales), op.loadAndSpread(4), op.set(roughScale), op.loop],
    numbers.map((local, at) => [op.get(values), op.load(at * four), op.set(local)]),
    [op.get(signs), pair(0, above), pair(2, above), op.shortsToBytes, op.signsOfBytes, op.store16],
    [op.get(shorts), pair(0, whole(scale)), op.store()],
    [op.get(shorts), pair(2, whole(scale)), op.store(four)],
    [op.get(bytes), pair(0, whole(roughScale)), pair(2, whole(roughScale)), op.shortsToBytes],
    [op.bytes(roughNone), op.addBytes, op.store()],
    [step(signs, op.i32(2)), step(shorts, op.i32(four * 2)), step(bytes, op.i32(four))],
    [step(values, op.i32(four * 4)), again(values, end)],
  ]
}
