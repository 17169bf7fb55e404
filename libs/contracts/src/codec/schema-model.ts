import { SynapError } from '@synap/core'
import type { AvroSchema } from '../event/field.ts'

/** Schemas of ours are below 10 KiB; more is somebody's bomb. */
const maxSchemaChars = 262_144
const maxSchemaDepth = 64

export interface FieldNode {
  readonly name: string
  readonly type: AvroSchema
  readonly hasDefault: boolean
  readonly fallback: unknown
}

/** A record schema with every name in full and its named types apart, so that a part of it can stand alone. */
export interface SchemaModel {
  /** `synap.events.EntityCreated` */
  readonly name: string
  readonly fields: readonly FieldNode[]
  readonly named: ReadonlyMap<string, AvroSchema>
  /** Attributes of the record that Avro does not know. */
  readonly attributes: Readonly<Record<string, unknown>>
}

type Node = { type?: unknown; name?: unknown; namespace?: unknown; fields?: unknown; [key: string]: unknown }

const primitives = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'])

/** Reads the text of a record schema. Throws SynapError `schema.unusable` (data) for anything else. */
export function parseSchema(text: string): SchemaModel {
  if (text.length > maxSchemaChars) throw unusable('it is too long')
  const named = new Map<string, AvroSchema>()
  let name: unknown
  let root: Node
  try {
    root = JSON.parse(text) as Node
    name = qualify(root, '', named, 0)
  } catch (error) {
    throw error instanceof SynapError ? error : unusable('it is no JSON', error)
  }
  const record = typeof name === 'string' ? (named.get(name) as Node | undefined) : undefined
  if (record?.type !== 'record') throw unusable('it is no record')
  const fields = (record.fields as Node[]).map((field) => ({
    name: field.name as string,
    type: field.type as AvroSchema,
    hasDefault: Object.hasOwn(field, 'default'),
    fallback: field['default'],
  }))
  return { name: name as string, fields, named, attributes: root }
}

/** A schema of its own for some fields of a model: named types defined where they are first used. */
export function partOf(model: SchemaModel, name: string, fields: readonly FieldNode[]): AvroSchema {
  const defined = new Set<string>()
  return {
    type: 'record',
    name,
    fields: fields.map((field) => ({
      name: field.name,
      type: define(field.type, model.named, defined),
      ...(field.hasDefault ? { default: field.fallback } : {}),
    })),
  }
}

/** Returns the schema with references by full name; definitions go to `named`, in their place stays the name. */
function qualify(
  schema: unknown,
  namespace: string,
  named: Map<string, AvroSchema>,
  depth: number,
): AvroSchema {
  if (depth > maxSchemaDepth) throw unusable('it is too deep')
  if (typeof schema === 'string') {
    return primitives.has(schema) ? schema : fullName(schema, namespace)
  }
  if (Array.isArray(schema)) return schema.map((branch) => qualify(branch, namespace, named, depth + 1))
  if (typeof schema !== 'object' || schema === null) throw unusable('a type is missing')
  const node = schema as Node
  switch (node.type) {
    case 'record':
    case 'fixed':
    case 'enum':
      return qualifyNamed(node, namespace, named, depth)
    case 'array':
      return { ...node, type: 'array', items: qualify(node['items'], namespace, named, depth + 1) }
    case 'map':
      return { ...node, type: 'map', values: qualify(node['values'], namespace, named, depth + 1) }
    default:
      return typeof node.type === 'string' && primitives.has(node.type)
        ? { ...node, type: node.type }
        : qualify(node.type, namespace, named, depth + 1)
  }
}

function qualifyNamed(node: Node, namespace: string, named: Map<string, AvroSchema>, depth: number): string {
  const own = typeof node.namespace === 'string' ? node.namespace : namespace
  if (typeof node.name !== 'string') throw unusable('a named type has no name')
  const name = fullName(node.name, own)
  if (named.has(name)) throw unusable('a name is defined twice')
  const inner = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : ''
  const { namespace: _, aliases: __, ...rest } = node
  const copy: Record<string, unknown> & { type: string } = { ...rest, name, type: node.type as string }
  named.set(name, copy)
  if (node.type === 'record') {
    if (!Array.isArray(node.fields)) throw unusable('a record has no fields')
    copy['fields'] = node.fields.map((field: Node) => {
      if (typeof field?.name !== 'string' || !/^[A-Za-z][A-Za-z0-9_]*$/.test(field.name)) {
        throw unusable('a field has no usable name')
      }
      return { ...field, type: qualify(field.type, inner, named, depth + 1) }
    })
  }
  return name
}

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`
}

function define(
  schema: AvroSchema,
  named: ReadonlyMap<string, AvroSchema>,
  defined: Set<string>,
): AvroSchema {
  if (typeof schema === 'string') {
    const definition = named.get(schema)
    if (definition === undefined) {
      if (primitives.has(schema)) return schema
      throw unusable('a name is not defined')
    }
    if (defined.has(schema)) return schema
    defined.add(schema)
    return define(definition, named, defined)
  }
  if (Array.isArray(schema)) return schema.map((branch) => define(branch as AvroSchema, named, defined))
  const node = schema as { type: string; [key: string]: unknown }
  const copy = { ...node }
  if (node.type === 'array') copy['items'] = define(node['items'] as AvroSchema, named, defined)
  if (node.type === 'map') copy['values'] = define(node['values'] as AvroSchema, named, defined)
  if (node.type === 'record') {
    copy['fields'] = (node['fields'] as Node[]).map((field) => ({
      ...field,
      type: define(field.type as AvroSchema, named, defined),
    }))
  }
  return copy
}

function unusable(why: string, cause?: unknown): SynapError {
  return new SynapError(`a schema cannot be used: ${why}`, { code: 'schema.unusable', class: 'data', cause })
}
