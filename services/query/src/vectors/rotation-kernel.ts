import { vectorDimensions } from '@synap/ai'
import { assemble, type Code, i32, op, v128 } from './assemble.ts'

/** Places that are turned into each other; a power of two. */
export const block = 512

export interface Rotation {
  /**
   * Multiplies 1536 numbers (f32) with as many others, each with its own, and puts the sum and the difference of any two of a
   * block in the place of them, as often as it takes for each to be part of all: a Walsh-Hadamard transform of each block.
   * Both addresses in bytes.
   */
  turn(values: number, factors: number): void
}

export function createRotation(memory: WebAssembly.Memory): Rotation {
  const [pairs, ...locals] = [
    [5, i32],
    [2, v128],
  ] as const
  const module = new WebAssembly.Module(
    assemble([{ name: 'turn', parameters: 2, locals: [pairs, ...locals], code: turn() }]),
  )
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Rotation
}

const four = 16

/** Parameters 0 values, 1 factors; locals 2 the end, 3 a place, 4 bytes between two, 5 a beginning, 6 its end, 7 and 8 numbers. */
function turn(): Code {
  const [values, factors, end, place, apart, start, stop, one, other] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const
  // Within four: the sum where the first was, the difference where the second was.
  const within = (order: readonly number[], signs: readonly number[]): Code => [
    [op.get(one), op.floats(signs), op.multiplyFloats],
    [op.get(one), op.get(one), op.lanes(order), op.addFloats, op.set(one)],
  ]
  const step = (local: number, by: Code): Code => [op.get(local), by, op.add, op.set(local)]
  const again = (local: number, limit: number): Code => [
    op.get(local),
    op.get(limit),
    op.lessUnsigned,
    op.branchIf(0),
    op.end,
  ]
  const second: Code = [op.get(place), op.get(apart), op.add]
  return [
    [op.get(values), op.i32(vectorDimensions * 4), op.add, op.set(end)],
    [op.get(values), op.set(place), op.loop],
    [op.get(place), op.load(0), op.get(factors), op.load(0), op.multiplyFloats, op.set(one)],
    within([1, 0, 3, 2], [1, -1, 1, -1]),
    within([2, 3, 0, 1], [1, 1, -1, -1]),
    [op.get(place), op.get(one), op.store],
    [step(factors, op.i32(four)), step(place, op.i32(four)), again(place, end)],
    [op.i32(four), op.set(apart), op.loop],
    [op.get(values), op.set(start), op.loop],
    [op.get(start), op.set(place), op.get(start), op.get(apart), op.add, op.set(stop), op.loop],
    [op.get(place), op.load(0), op.set(one), second, op.load(0), op.set(other)],
    [op.get(place), op.get(one), op.get(other), op.addFloats, op.store],
    [second, op.get(one), op.get(other), op.subtractFloats, op.store],
    [step(place, op.i32(four)), again(place, stop)],
    [op.get(start), op.get(apart), op.double, op.add, op.set(start), again(start, end)],
    [op.get(apart), op.double, op.set(apart)],
    [op.get(apart), op.i32(block * 4), op.lessUnsigned, op.branchIf(0), op.end],
  ]
}
