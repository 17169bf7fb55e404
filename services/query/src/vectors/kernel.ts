import { vectorDimensions } from '@synap/ai'
import { assemble, type Code, i32, op, v128 } from './assemble.ts'

/** Bytes of a vector's signs, one bit for each place. */
export const signBytes = vectorDimensions / 8

/** The two loops of a search that JavaScript would take ten times as long for; all addresses are in bytes. */
export interface Kernel {
  /** Writes, for each of `count` rows of signs one behind the other, in how many places it differs, as u16 at `out`. */
  countDifferences(question: number, rows: number, count: number, out: number): void
  /**
   * Writes the product of a question (1536 × i16) and each of `count` vectors (1536 × i8), whose addresses lie at `list` as
   * u32, as i32 at `out`: as much as 2^31 when both are as long as they may be.
   */
  multiply(question: number, list: number, count: number, out: number): void
}

/**
 * The module, assembled here: WebAssembly needs no native build, and Node has it on every machine. Memory is imported, so
 * that its limit is the caller's.
 */
export function createKernel(memory: WebAssembly.Memory): Kernel {
  const instance = new WebAssembly.Instance(compiled(), { env: { memory } })
  return instance.exports as unknown as Kernel
}

let module: WebAssembly.Module | undefined
function compiled(): WebAssembly.Module {
  module ??= new WebAssembly.Module(
    assemble([
      { name: 'countDifferences', parameters: 4, locals: [[1, v128]], code: countDifferences() },
      {
        name: 'multiply',
        parameters: 4,
        locals: [
          [3, i32],
          [1, v128],
        ],
        code: multiply(),
      },
    ]),
  )
  return module
}

/** The sum of the four words on the stack, by way of a local. */
const sumOfWords = (local: number): Code => [
  op.set(local),
  ...[0, 1, 2, 3].flatMap((index) => [op.get(local), op.lane(index), ...(index === 0 ? [] : [op.add])]),
]

/** Parameters 0 question, 1 rows, 2 count, 3 out; local 4: a register. */
function countDifferences(): Code {
  const [question, rows, count, out, register] = [0, 1, 2, 3, 4] as const
  const differing = (at: number): Code => [
    op.get(question),
    op.load(at),
    op.get(rows),
    op.load(at),
    op.xor,
    op.onesInBytes,
    ...(at === 0 ? [] : [op.addBytes]),
  ]
  // Twelve registers of bytes with 8 at most each: no byte overflows.
  const places = Array.from({ length: signBytes / 16 }, (_, index) => index * 16)
  return [
    [op.block, op.loop],
    [op.get(count), op.isZero, op.branchIf(1)],
    [op.get(out)],
    places.map(differing),
    [op.pairsOfBytes, op.pairsOfShorts, sumOfWords(register)],
    [op.store16],
    [op.get(out), op.i32(2), op.add, op.set(out)],
    [op.get(rows), op.i32(signBytes), op.add, op.set(rows)],
    [op.get(count), op.i32(-1), op.add, op.set(count)],
    [op.branch(0), op.end, op.end],
  ]
}

/** Parameters 0 question, 1 list, 2 count, 3 out; locals 4 where in the question, 5 where in the vector, 6 its end, 7 the sums. */
function multiply(): Code {
  const [question, list, count, out, place, vector, end, sums] = [0, 1, 2, 3, 4, 5, 6, 7] as const
  const step = 64
  const product = (at: number): Code => [
    op.get(place),
    op.load(at * 2),
    op.get(vector),
    op.loadI8AsI16(at),
    op.productOfShorts,
    op.addWords,
  ]
  return [
    [op.block, op.loop],
    [op.get(count), op.isZero, op.branchIf(1)],
    [op.get(list), op.load32, op.set(vector)],
    [op.get(vector), op.i32(vectorDimensions), op.add, op.set(end)],
    [op.get(question), op.set(place)],
    [op.zeros, op.set(sums), op.loop],
    [op.get(sums), [0, 8, 16, 24, 32, 40, 48, 56].map(product), op.set(sums)],
    [op.get(place), op.i32(step * 2), op.add, op.set(place)],
    [op.get(vector), op.i32(step), op.add, op.set(vector)],
    [op.get(vector), op.get(end), op.lessUnsigned, op.branchIf(0), op.end],
    [op.get(out), op.get(sums), sumOfWords(sums), op.store32],
    [op.get(out), op.i32(4), op.add, op.set(out)],
    [op.get(list), op.i32(4), op.add, op.set(list)],
    [op.get(count), op.i32(-1), op.add, op.set(count)],
    [op.branch(0), op.end, op.end],
  ]
}
