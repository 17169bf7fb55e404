import { isUtf8 } from 'node:buffer'
import type { AvroSchema } from '../event/field.ts'
import type { SchemaModel } from './schema-model.ts'

/** Why bytes are refused before avsc sees them. Stable: they are stored with what is parked. */
export type WalkReason =
  | 'too_large'
  | 'truncated'
  | 'trailing_bytes'
  | 'too_deep'
  | 'count_beyond_bytes'
  | 'length_beyond_bytes'
  | 'union_index'
  | 'enum_index'
  | 'int_range'
  | 'long_range'
  | 'varint_not_minimal'
  | 'boolean_value'
  | 'number_not_finite'
  | 'invalid_utf8'
  | 'nul_character'
  | 'map_key'

export type Walk = (payload: Buffer) => { reason: WalkReason; offset: number } | undefined

interface State {
  readonly bytes: Buffer
  at: number
  depth: number
  reason: WalkReason | undefined
}
/** Moves `at` behind one value; false with a reason when there is none. */
type Step = (state: State) => boolean

const maxPayloadBytes = 1_048_576
const maxDepth = 64
/** The largest long that avsc reads without loss (its own bound), and the smallest one whose zigzag form is exact. */
const maxLong = 9_007_199_254_740_990
const minLong = -4_503_599_627_370_496

/**
 * A walk over the bytes of a record that allocates nothing: every count and length is compared with the bytes left, so
 * five bytes cannot ask for 10⁹ items (reliability S23), and what JSON or Postgres text cannot hold is refused.
 */
export function compileWalk(model: SchemaModel): Walk {
  const known = new Map<string, Step>()
  const step = stepOf(model.name, model, known)
  return (bytes) => {
    const state: State = { bytes, at: 0, depth: 0, reason: undefined }
    if (bytes.length > maxPayloadBytes) return { reason: 'too_large', offset: 0 }
    if (!step(state)) return { reason: state.reason ?? 'truncated', offset: state.at }
    return state.at === bytes.length ? undefined : { reason: 'trailing_bytes', offset: state.at }
  }
}

function stepOf(schema: AvroSchema, model: SchemaModel, known: Map<string, Step>): Step {
  if (typeof schema === 'string') return primitives[schema] ?? namedStep(schema, model, known)
  if (Array.isArray(schema))
    return unionStep(schema.map((branch: AvroSchema) => stepOf(branch, model, known)))
  const node = schema as { type: string; [key: string]: unknown }
  switch (node.type) {
    case 'array':
      return blocksStep(stepOf(node['items'] as AvroSchema, model, known))
    case 'map': {
      const value = stepOf(node['values'] as AvroSchema, model, known)
      return blocksStep((state) => mapKey(state) && value(state))
    }
    case 'fixed':
      return (state) => skip(state, node['size'] as number)
    case 'enum': {
      const { length } = node['symbols'] as unknown[]
      return (state) => indexBelow(state, length, 'enum_index') >= 0
    }
    case 'record': {
      const fields = node['fields'] as { type: AvroSchema }[]
      return recordStep(fields.map(({ type }) => stepOf(type, model, known)))
    }
    default:
      return stepOf(node.type, model, known)
  }
}

/** A named type may contain itself, so its step exists before it is built. */
function namedStep(name: string, model: SchemaModel, known: Map<string, Step>): Step {
  const existing = known.get(name)
  if (existing !== undefined) return existing
  let built: Step | undefined
  const step: Step = (state) => built?.(state) ?? refuse(state, 'truncated')
  known.set(name, step)
  const definition = model.named.get(name)
  if (definition !== undefined) built = stepOf(definition, model, known)
  return step
}

function recordStep(steps: readonly Step[]): Step {
  return (state) => {
    if (state.depth >= maxDepth) return refuse(state, 'too_deep')
    state.depth += 1
    for (const step of steps) if (!step(state)) return false
    state.depth -= 1
    return true
  }
}

function unionStep(branches: readonly Step[]): Step {
  return (state) => {
    const index = indexBelow(state, branches.length, 'union_index')
    const branch = branches[index]
    return branch !== undefined && branch(state)
  }
}

/** Arrays and maps come in blocks; a negative count is followed by the block's length in bytes. */
function blocksStep(item: Step): Step {
  return (state) => {
    if (state.depth >= maxDepth) return refuse(state, 'too_deep')
    state.depth += 1
    for (;;) {
      let count = readLong(state)
      if (Number.isNaN(count)) return false
      if (count === 0) break
      if (count < 0) {
        count = -count
        const length = readLong(state)
        if (Number.isNaN(length)) return false
        if (length < 0 || length > left(state)) return refuse(state, 'length_beyond_bytes')
      }
      // Also for items of no bytes: nobody needs a list of a billion nulls.
      if (count > left(state)) return refuse(state, 'count_beyond_bytes')
      for (let index = 0; index < count; index += 1) if (!item(state)) return false
    }
    state.depth -= 1
    return true
  }
}

const primitives: Readonly<Record<string, Step>> = {
  null: () => true,
  boolean: (state) => {
    if (left(state) < 1) return refuse(state, 'truncated')
    if ((state.bytes[state.at] ?? 0) > 1) return refuse(state, 'boolean_value')
    state.at += 1
    return true
  },
  int: (state) => {
    const value = readLong(state)
    if (Number.isNaN(value)) return false
    return value === (value | 0) ? true : refuse(state, 'int_range')
  },
  long: (state) => !Number.isNaN(readLong(state)),
  float: (state) =>
    left(state) >= 4 ? finite(state, state.bytes.readFloatLE(state.at), 4) : refuse(state, 'truncated'),
  double: (state) =>
    left(state) >= 8 ? finite(state, state.bytes.readDoubleLE(state.at), 8) : refuse(state, 'truncated'),
  bytes: (state) => {
    const length = readLength(state)
    return length >= 0 && skip(state, length)
  },
  string: (state) => {
    const length = readLength(state)
    if (length < 0) return false
    if (length <= shortText && isPlain(state.bytes, state.at, state.at + length)) {
      state.at += length
      return true
    }
    const text = state.bytes.subarray(state.at, state.at + length)
    if (!isUtf8(text)) return refuse(state, 'invalid_utf8')
    if (text.includes(0)) return refuse(state, 'nul_character')
    state.at += length
    return true
  },
}

/** Up to here looking at each byte is cheaper than asking Node about them. */
const shortText = 256

/** ASCII without NUL, as most texts are. */
function isPlain(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] as number
    if (byte === 0 || byte > 0x7f) return false
  }
  return true
}

function mapKey(state: State): boolean {
  const length = readLength(state)
  if (length < 0) return false
  const key = state.bytes.subarray(state.at, state.at + length)
  if (!isUtf8(key)) return refuse(state, 'invalid_utf8')
  // avsc builds maps as plain objects, where this key would set the prototype.
  if (key.includes(0) || key.toString('utf8') === '__proto__') return refuse(state, 'map_key')
  state.at += length
  return true
}

function finite(state: State, value: number, size: number): boolean {
  // JSON has neither these nor a negative zero, so they could not come back from the log byte for byte.
  if (!Number.isFinite(value) || Object.is(value, -0)) return refuse(state, 'number_not_finite')
  state.at += size
  return true
}

function readLength(state: State): number {
  const length = readLong(state)
  if (Number.isNaN(length)) return -1
  if (length >= 0 && length <= left(state)) return length
  refuse(state, 'length_beyond_bytes')
  return -1
}

function indexBelow(state: State, bound: number, reason: WalkReason): number {
  const index = readLong(state)
  if (Number.isNaN(index)) return -1
  if (index >= 0 && index < bound) return index
  refuse(state, reason)
  return -1
}

/** One zigzag varint as a number, or NaN with a reason. */
function readLong(state: State): number {
  const { bytes } = state
  let low = 0
  let high = 0
  for (let count = 0; count < 8; count += 1) {
    const byte = bytes[state.at]
    if (byte === undefined) return notANumber(state, 'truncated')
    state.at += 1
    if (count < 4) low |= (byte & 0x7f) << (7 * count)
    else high |= (byte & 0x7f) << (7 * (count - 4))
    if (byte < 0x80) {
      if (byte === 0 && count > 0) return notANumber(state, 'varint_not_minimal')
      return unzigzag(state, low, high)
    }
  }
  return notANumber(state, 'long_range')
}

function unzigzag(state: State, low: number, high: number): number {
  // low and high have 28 bits each. The sum may round above 2^53, but only where it is refused all the same.
  const sum = high * 268_435_456 + low
  const value = (low & 1) === 1 ? -(sum + 1) / 2 : sum / 2
  return value > maxLong || value < minLong ? notANumber(state, 'long_range') : value
}

function left(state: State): number {
  return state.bytes.length - state.at
}

function skip(state: State, size: number): boolean {
  if (size > left(state)) return refuse(state, 'truncated')
  state.at += size
  return true
}

function refuse(state: State, reason: WalkReason): false {
  state.reason ??= reason
  return false
}

function notANumber(state: State, reason: WalkReason): number {
  state.reason ??= reason
  return Number.NaN
}
