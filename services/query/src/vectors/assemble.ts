/** Instructions of WebAssembly and the parts of a module, as bytes: what the kernels are written in. */
export type Code = readonly (number | Code)[]

export const op = {
  block: [0x02, 0x40],
  loop: [0x03, 0x40],
  end: [0x0b],
  branch: (depth: number) => [0x0c, depth],
  branchIf: (depth: number) => [0x0d, depth],
  get: (local: number) => [0x20, local],
  set: (local: number) => [0x21, local],
  load32: (offset = 0) => [0x28, 2, ...unsigned(offset)],
  loadFloat: (offset = 0) => [0x2a, 2, ...unsigned(offset)],
  store16: [0x3b, 1, 0],
  store32: (offset = 0) => [0x36, 2, ...unsigned(offset)],
  storeFloat: [0x38, 2, 0],
  double: [0x41, 1, 0x74],
  i32: (value: number) => [0x41, ...signed(value)],
  isZero: [0x45],
  add: [0x6a],
  subtract: [0x6b],
  shiftLeft: [0x74],
  toFloat: [0xb2],
  multiplyFloat: [0x94],
  lessUnsigned: [0x49],
  load: (offset: number) => simd(0x00, [0, ...unsigned(offset)]),
  loadAndSpread: (offset: number) => simd(0x09, [0, ...unsigned(offset)]),
  store: (offset = 0) => simd(0x0b, [0, ...unsigned(offset)]),
  floats: (values: readonly number[]) => simd(0x0c, [...new Uint8Array(Float32Array.from(values).buffer)]),
  lanes: (order: readonly number[]) =>
    simd(
      0x0d,
      order.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte)),
    ),
  addFloats: simd(0xe4),
  subtractFloats: simd(0xe5),
  multiplyFloats: simd(0xe6),
  absoluteFloats: simd(0xe0),
  /** Of what is no number, the other. */
  largerFloats: simd(0xeb),
  aboveFloats: simd(0x44),
  nearestFloats: simd(0x6a),
  toWords: simd(0xf8),
  /** What does not fit becomes the largest or the least that does. */
  wordsToShorts: simd(0x85),
  shortsToBytes: simd(0x65),
  signsOfBytes: simd(0x64),
  loadI8AsI16: (offset: number) => simd(0x01, [0, ...unsigned(offset)]),
  lane: (index: number) => simd(0x1b, [index]),
  bytes: (value: number) =>
    simd(
      0x0c,
      Array.from({ length: 16 }, () => value),
    ),
  xor: simd(0x51),
  shiftBytesLeft: simd(0x6b),
  /** Their signs stay. */
  shiftBytesRight: simd(0x6c),
  lowBytesAsI16: simd(0x87),
  highBytesAsI16: simd(0x88),
  onesInBytes: simd(0x62),
  addBytes: simd(0x6e),
  pairsOfBytes: simd(0x7d),
  pairsOfShorts: simd(0x7f),
  addWords: simd(0xae),
  productOfShorts: simd(0xba),
  /** Adds to words the products of signed bytes and of bytes from 0 to 127: within these, every machine does the same. */
  addProductsOfBytes: simd(0x113),
} as const

export const i32 = 0x7f
export const v128 = 0x7b
const memoryLimit = 65_536

/** A function without results. */
export interface Part {
  name: string
  /** Of 32 bits each. */
  parameters: number
  /** How many of each type there are besides. */
  locals: readonly (readonly [count: number, type: number])[]
  code: Code
}

/** A module of these functions; its memory is imported as `env.memory`, so that its limit is the caller's. */
export function assemble(parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  const types = parts.map(({ parameters }) => [
    0x60,
    ...list(Array.from({ length: parameters }, () => [i32])),
    0,
  ])
  const bodies = parts.map(({ locals, code }) => [...list(locals), ...flat(code), ...op.end])
  const limits = [1, 1, ...unsigned(memoryLimit)]
  return Uint8Array.from([
    ...Buffer.from('\0asm\x01\0\0\0', 'latin1'),
    ...section(1, list(types)),
    ...section(2, list([[...name('env'), ...name('memory'), 2, ...limits]])),
    ...section(3, list(parts.map((_, at) => [at]))),
    ...section(7, list(parts.map((part, at) => [...name(part.name), 0, at]))),
    ...section(10, list(bodies.map((body) => [...unsigned(body.length), ...body]))),
  ])
}

function simd(code: number, immediate: readonly number[] = []): number[] {
  return [0xfd, ...unsigned(code), ...immediate]
}

function flat(code: Code): number[] {
  return code.flatMap((part) => (typeof part === 'number' ? [part] : flat(part)))
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content]
}

function list(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()]
}

function name(text: string): number[] {
  return [...unsigned(text.length), ...Buffer.from(text, 'latin1')]
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

function signed(value: number): number[] {
  return value >= -64 && value < 64 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)]
}
