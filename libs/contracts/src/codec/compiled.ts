import { SynapError } from '@synap/core'
import type { Type } from 'avsc'
import { envelopeFieldNames } from '../event/envelope.ts'
import { avroType } from './avro-types.ts'
import { type FieldNode, parseSchema, partOf, type SchemaModel } from './schema-model.ts'
import { compileWalk, type Walk } from './walk.ts'

/** A field of a delta, and its type in full as text: two are the same type when the texts are. */
export interface DeltaField {
  readonly node: FieldNode
  readonly type: string
}

/** A schema of the events topic made ready: whole record, its envelope part, its delta part, and the walk over it. */
export interface CompiledSchema {
  readonly recordName: string
  /** `entity.created`: the attribute `eventType`, else derived from the record's name. */
  readonly eventType: string
  /** The attribute `aggregate`, else derived from the event type. */
  readonly aggregateType: string
  readonly envelopeNodes: readonly FieldNode[]
  readonly deltaNames: readonly string[]
  readonly deltaFields: ReadonlyMap<string, DeltaField>
  /** Envelope fields that this code does not know. */
  readonly extraNames: readonly string[]
  readonly whole: Type
  readonly envelope: Type
  readonly delta: Type
  readonly walk: Walk
}

/** Far more than there are schemas; a bound all the same, for the text comes from outside. */
const maxCached = 1_000
const cache = new Map<string, CompiledSchema>()

/** Compiles once per schema text. Throws SynapError `schema.unusable` (data). */
export function compiled(schemaText: string): CompiledSchema {
  const existing = cache.get(schemaText)
  if (existing !== undefined) return existing
  const made = compile(schemaText)
  const oldest = cache.size >= maxCached ? cache.keys().next().value : undefined
  if (oldest !== undefined) cache.delete(oldest)
  cache.set(schemaText, made)
  return made
}

function compile(schemaText: string): CompiledSchema {
  const model = parseSchema(schemaText)
  const count = envelopeCount(model.attributes['envelopeFields'], model.fields)
  const envelopeNodes = model.fields.slice(0, count)
  const deltaNodes = model.fields.slice(count)
  const eventType = stringOr(model.attributes['eventType'], eventTypeOfRecord(model.name))
  try {
    return {
      recordName: model.name,
      eventType,
      aggregateType: stringOr(model.attributes['aggregate'], aggregateOf(eventType)),
      envelopeNodes,
      deltaNames: deltaNodes.map(({ name }) => name),
      deltaFields: new Map(deltaNodes.map((node) => [node.name, fieldOf(model, node)])),
      extraNames: envelopeNodes.map(({ name }) => name).filter((name) => !isEnvelopeField(name)),
      whole: avroType(partOf(model, model.name, model.fields)),
      envelope: avroType(partOf(model, `${model.name}Envelope`, envelopeNodes)),
      delta: avroType(partOf(model, `${model.name}Delta`, deltaNodes)),
      walk: compileWalk(model),
    }
  } catch (cause) {
    if (cause instanceof SynapError) throw cause
    throw new SynapError('a schema cannot be used', { code: 'schema.unusable', class: 'data', cause })
  }
}

function fieldOf(model: SchemaModel, node: FieldNode): DeltaField {
  const bare = { ...node, name: 'field', hasDefault: false }
  return { node, type: JSON.stringify(partOf(model, 'Field', [bare])) }
}

const isEnvelopeField = (name: string) => (envelopeFieldNames as readonly string[]).includes(name)

/** How many leading fields are envelope: as the schema says, else as many as have the names we know. */
function envelopeCount(attribute: unknown, fields: readonly FieldNode[]): number {
  if (typeof attribute === 'number' && Number.isInteger(attribute) && attribute >= 0) {
    return Math.min(attribute, fields.length)
  }
  const names: readonly string[] = envelopeFieldNames
  const first = fields.findIndex(({ name }) => !names.includes(name))
  return first === -1 ? fields.length : first
}

/** `synap.events.EntityTitleChanged` → `entity.title_changed`. */
export function eventTypeOfRecord(recordName: string): string {
  const pascal = recordName.slice(recordName.lastIndexOf('.') + 1)
  const [subject = '', ...action] = pascal.split(/(?=[A-Z])/).map((word) => word.toLowerCase())
  return action.length === 0 ? subject : `${subject}.${action.join('_')}`
}

function aggregateOf(eventType: string): string {
  const subject = eventType.slice(0, eventType.indexOf('.'))
  if (subject === 'task') return 'entity'
  if (subject === 'tag') return 'user'
  return subject === 'ai' ? 'analysis' : subject
}

function stringOr(value: unknown, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value : fallback
}
