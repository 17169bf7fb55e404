import { vectorDimensions } from '@synap/ai'
import { assemble, type Code, i32, op, type Part, v128 } from './assemble.ts'

/** Bytes of a vector's signs, one bit for each place. */
export const signBytes = vectorDimensions / 8

/** Bytes of what rounding a vector's places to bytes left over: four bits for each. */
export const restBytes = vectorDimensions / 2

/**
 * Bytes of a vector's places, one for each; behind them lie what a product with them is multiplied with to be of a vector of length
 * 1 (f32), their sum (i32), and four bytes that are not looked at.
 */
export const vectorBytes = vectorDimensions + 16
/** The question's bytes, from 0 to 127, where a vector has -127 to 127: this is none. */
export const roughNone = 64

/** The loops of a search that JavaScript would take ten times as long for; all addresses are in bytes. */
export interface Kernel {
  /** Writes, for each of `count` rows of signs one behind the other, in how many places it differs, as u16 at `out`. */
  countDifferences(question: number, rows: number, count: number, out: number): void
  /** The same for rows that lie anywhere: `count` addresses of them lie at `list` as u32. */
  countListed(question: number, list: number, count: number, out: number): void
  /**
   * Writes the product of a question (1536 × i16) and each of `count` vectors, were both of length 1, as f32 at `out`. Addresses of
   * `vectorBytes` lie at `list` as u32; behind the question, too, lies what makes it one (f32). The product of the numbers
   * themselves is below 2^31 for a question no longer than 32,767.
   */
  multiply(question: number, list: number, count: number, out: number): void
  /**
   * Writes the product of a question (1536 × i16) and each of `count` rests, whose addresses lie at `list` as u32, as i32 at
   * `out`. A rest has four bits for each place, from -8 to 7: of each 16 bytes the lower halves are 16 places, the upper ones the
   * next 16.
   */
  multiplyRests(question: number, list: number, count: number, out: number): void
  /** The same as `multiply`, of a question of bytes, in half of the time; undefined: this machine's WebAssembly is older. */
  multiplyRoughly: ((question: number, list: number, count: number, out: number) => void) | undefined
}

/**
 * The module, assembled here: WebAssembly needs no native build, and Node has it on every machine. Memory is imported, so
 * that its limit is the caller's.
 */
export function createKernel(memory: WebAssembly.Memory): Kernel {
  const { exact, rough } = compiled()
  const functionsOf = (of: WebAssembly.Module) => new WebAssembly.Instance(of, { env: { memory } }).exports
  const { multiplyRoughly } = (rough === undefined ? {} : functionsOf(rough)) as Partial<Kernel>
  return { ...(functionsOf(exact) as Omit<Kernel, 'multiplyRoughly'>), multiplyRoughly }
}

let modules: { exact: WebAssembly.Module; rough: WebAssembly.Module | undefined } | undefined
function compiled() {
  modules ??= { exact: new WebAssembly.Module(assemble(exactParts())), rough: compiledRough() }
  return modules
}

/** Relaxed SIMD is younger than the rest. */
function compiledRough(): WebAssembly.Module | undefined {
  try {
    return new WebAssembly.Module(assemble([partOf('multiplyRoughly', multiplyRoughly())]))
  } catch {
    return undefined
  }
}

const partOf = (name: string, code: Code): Part => ({
  name,
  parameters: 4,
  locals: [
    [3, i32],
    [4, v128],
  ],
  code,
})

const exactParts = (): Part[] => [
  { name: 'countDifferences', parameters: 4, locals: [[1, v128]], code: countDifferences() },
  {
    name: 'countListed',
    parameters: 4,
    locals: [
      [1, i32],
      [1, v128],
    ],
    code: countListed(),
  },
  partOf('multiply', multiply()),
  {
    name: 'multiplyRests',
    parameters: 4,
    locals: [
      [3, i32],
      [5, v128],
    ],
    code: multiplyRests(),
  },
]

/** The sum of the four words on the stack, by way of a local. */
const sumOfWords = (local: number): Code => [
  op.set(local),
  ...[0, 1, 2, 3].flatMap((index) => [op.get(local), op.lane(index), ...(index === 0 ? [] : [op.add])]),
]

/** How many signs of the row at `row` differ, left on the stack. */
function differencesOf(question: number, row: number, register: number): Code {
  const differing = (at: number): Code => [
    op.get(question),
    op.load(at),
    op.get(row),
    op.load(at),
    op.xor,
    op.onesInBytes,
    ...(at === 0 ? [] : [op.addBytes]),
  ]
  // Twelve registers of bytes with 8 at most each: no byte overflows.
  const places = Array.from({ length: signBytes / 16 }, (_, index) => index * 16)
  return [places.map(differing), [op.pairsOfBytes, op.pairsOfShorts, sumOfWords(register)]]
}

/** Parameters 0 question, 1 rows, 2 count, 3 out; local 4: a register. */
function countDifferences(): Code {
  const [question, rows, count, out, register] = [0, 1, 2, 3, 4] as const
  return [
    [op.block, op.loop],
    [op.get(count), op.isZero, op.branchIf(1)],
    [op.get(out)],
    differencesOf(question, rows, register),
    [op.store16],
    [op.get(out), op.i32(2), op.add, op.set(out)],
    [op.get(rows), op.i32(signBytes), op.add, op.set(rows)],
    [op.get(count), op.i32(-1), op.add, op.set(count)],
    [op.branch(0), op.end, op.end],
  ]
}

/** Parameters 0 question, 1 list, 2 count, 3 out; local 4: a row, 5: a register. */
function countListed(): Code {
  const [question, list, count, out, row, register] = [0, 1, 2, 3, 4, 5] as const
  return [
    [op.block, op.loop],
    [op.get(count), op.isZero, op.branchIf(1)],
    [op.get(list), op.load32(), op.set(row)],
    [op.get(out)],
    differencesOf(question, row, register),
    [op.store16],
    [op.get(out), op.i32(2), op.add, op.set(out)],
    [op.get(list), op.i32(4), op.add, op.set(list)],
    [op.get(count), op.i32(-1), op.add, op.set(count)],
    [op.branch(0), op.end, op.end],
  ]
}

/** What is made of a product, a number, given locals with where the question begins and where the vector's bytes end. */
type Finish = (question: number, questionStep: number, behind: number) => Code

/** Makes a product a cosine, by what lies behind the vector and behind the question. */
const cosineOf = (question: number, questionStep: number, behind: number): Code => [
  [op.toFloat, op.get(behind), op.loadFloat(), op.multiplyFloat],
  [op.get(question), op.loadFloat((vectorDimensions / step) * questionStep), op.multiplyFloat],
]

/** Places of a vector that a turn of the inner loop takes. */
const step = 128

function multiply(): Code {
  const product = (index: number, place: number, vector: number, sums: number): Code => [
    op.get(sums),
    [op.get(place), op.load(index * 16)],
    [op.get(vector), op.loadI8AsI16(index * 8)],
    [op.productOfShorts, op.addWords, op.set(sums)],
  ]
  return products({ questionStep: step * 2, finish: cosineOf }, (place, vector, sums) =>
    Array.from({ length: step / 8 }, (_, index) => product(index, place, vector, sums(index))),
  )
}

function multiplyRoughly(): Code {
  const product = (index: number, place: number, vector: number, sums: number): Code => [
    [op.get(vector), op.load(index * 16)],
    [op.get(place), op.load(index * 16)],
    [op.get(sums), op.addProductsOfBytes, op.set(sums)],
  ]
  const lessNone = (behind: number): Code => [
    [op.get(behind), op.load32(4), op.i32(Math.log2(roughNone)), op.shiftLeft],
    op.subtract,
  ]
  const finish: Finish = (question, questionStep, behind) => [
    lessNone(behind),
    cosineOf(question, questionStep, behind),
  ]
  return products({ questionStep: step, finish }, (place, vector, sums) =>
    Array.from({ length: step / 16 }, (_, index) => product(index, place, vector, sums(index))),
  )
}

function multiplyRests(): Code {
  const halves = 11
  const product = (place: number, at: number, half: Code, sums: number): Code => [
    op.get(sums),
    [op.get(place), op.load(at * 2)],
    [op.get(halves), half],
    [op.productOfShorts, op.addWords, op.set(sums)],
  ]
  const sixteen = (place: number, at: number, sums: (index: number) => number): Code => [
    op.set(halves),
    product(place, at, op.lowBytesAsI16, sums(0)),
    product(place, at + 8, op.highBytesAsI16, sums(1)),
  ]
  return products({ questionStep: step * 2, vectorStep: step / 2 }, (place, vector, sums) =>
    Array.from({ length: step / 32 }, (_, index) => {
      const both: Code = [op.get(vector), op.load(index * 16)]
      return [
        [both, op.i32(4), op.shiftBytesLeft, op.i32(4), op.shiftBytesRight],
        sixteen(place, index * 32, sums),
        [both, op.i32(4), op.shiftBytesRight],
        sixteen(place, index * 32 + 16, (at) => sums(at + 2)),
      ]
    }),
  )
}

/**
 * Parameters 0 question, 1 list, 2 count, 3 out; locals 4 where in the question, 5 where in the vector, 6 its end, 7 to 10 sums:
 * four, for each addition waits for the one before it.
 */
function products(
  {
    questionStep,
    vectorStep = step,
    finish,
  }: {
    questionStep: number
    vectorStep?: number
    finish?: Finish
  },
  turn: (place: number, vector: number, sums: (index: number) => number) => Code,
): Code {
  const [question, list, count, out, place, vector, end, ...sums] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
  ] as const
  const [all, ...others] = sums
  return [
    [op.block, op.loop],
    [op.get(count), op.isZero, op.branchIf(1)],
    [op.get(list), op.load32(), op.set(vector)],
    [op.get(vector), op.i32((vectorDimensions / step) * vectorStep), op.add, op.set(end)],
    [op.get(question), op.set(place)],
    [sums.map((local) => [op.bytes(0), op.set(local)]), op.loop],
    turn(place, vector, (index) => sums[index % sums.length] as number),
    [op.get(place), op.i32(questionStep), op.add, op.set(place)],
    [op.get(vector), op.i32(vectorStep), op.add, op.set(vector)],
    [op.get(vector), op.get(end), op.lessUnsigned, op.branchIf(0), op.end],
    [op.get(out), op.get(all), others.map((local) => [op.get(local), op.addWords])],
    [sumOfWords(all), finish ? [finish(question, questionStep, vector), op.storeFloat] : op.store32()],
    [op.get(out), op.i32(4), op.add, op.set(out)],
    [op.get(list), op.i32(4), op.add, op.set(list)],
    [op.get(count), op.i32(-1), op.add, op.set(count)],
    [op.branch(0), op.end, op.end],
  ]
}
