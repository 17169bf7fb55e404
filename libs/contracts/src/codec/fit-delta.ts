import { avscOf } from '../avsc.ts'
import { deltaSchemaOf, type EventType, isEventType, type SynapEvent } from '../catalogue.ts'
import type { JsonObject } from '../json.ts'
import { compiled, type DeltaField } from './compiled.ts'
import type { FieldNode } from './schema-model.ts'

/** A delta as today's catalogue has it. */
export interface FittedDelta {
  type: EventType
  aggregateType: SynapEvent['aggregateType']
  delta: SynapEvent['delta']
}

/** Answers undefined where only `readKnownEvent`, on the bytes, can tell what today's catalogue makes of an event. */
export type FitDelta = (delta: JsonObject) => FittedDelta | undefined

const fits = new Map<string, FitDelta>()
const maxCached = 1_000

/**
 * What `readKnownEvent` makes of a delta that was decoded with this schema, from its JSON and without the way over bytes: a
 * third of the time. It holds for schemas that differ from today's by whole fields at most, and for what today's bounds allow.
 * Throws SynapError `schema.unusable` (data).
 */
export function fitDeltaOf(schemaText: string): FitDelta {
  const existing = fits.get(schemaText)
  if (existing !== undefined) return existing
  const made = makeFit(schemaText)
  if (fits.size >= maxCached) fits.clear()
  fits.set(schemaText, made)
  return made
}

function makeFit(schemaText: string): FitDelta {
  const writer = compiled(schemaText)
  const type = writer.eventType
  if (!isEventType(type)) return () => undefined
  const reader = compiled(avscOf(type))
  if (writer.recordName !== reader.recordName) return () => undefined
  const plan = planOf(writer.deltaFields, reader.deltaFields)
  if (plan === undefined) return () => undefined
  const aggregateType = reader.aggregateType as SynapEvent['aggregateType']
  const schema = deltaSchemaOf(type)
  const isSame = plan.same
  return (delta) => {
    const checked = schema.safeParse(isSame ? delta : resolve(plan, delta))
    return checked.success ? { type, aggregateType, delta: checked.data } : undefined
  }
}

interface Plan {
  /** The writer had all fields of today, and no other. */
  same: boolean
  taken: readonly string[]
  defaults: JsonObject
}

/** Undefined where a field is of another type now, or has a default that is no plain value. */
function planOf(writer: ReadonlyMap<string, DeltaField>, reader: ReadonlyMap<string, DeltaField>) {
  const taken: string[] = []
  const defaults: Record<string, unknown> = {}
  for (const [name, field] of reader) {
    const written = writer.get(name)
    if (written?.type === field.type) taken.push(name)
    else if (written === undefined && isPlain(field.node)) defaults[name] = field.node.fallback
    else return undefined
  }
  const same = taken.length === reader.size && reader.size === writer.size
  return { same, taken, defaults: defaults as JsonObject } satisfies Plan
}

function resolve({ taken, defaults }: Plan, delta: JsonObject): JsonObject {
  const fitted: Record<string, unknown> = { ...defaults }
  for (const name of taken) fitted[name] = delta[name]
  return fitted as JsonObject
}

const plainTypes: readonly unknown[] = ['string', 'boolean', 'int', 'long', 'double']

/** Whether the default is in JSON what it is in memory. */
function isPlain({ hasDefault, fallback, type }: FieldNode): boolean {
  if (!hasDefault) return false
  return fallback === null || (Array.isArray(fallback) && fallback.length === 0) || plainTypes.includes(type)
}
