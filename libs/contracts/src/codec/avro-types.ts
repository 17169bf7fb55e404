import { bytesToUuid, uuidToBytes } from '@synap/core'
import avro, { type Type, type types } from 'avsc'
import type { AvroSchema } from '../event/field.ts'

// avsc has no hook for "this fixed is a text in memory" but its logical types; the names are ours and never leave here.
abstract class TextOfBytes extends avro.types.LogicalType {
  protected override _resolve(writer: Type): unknown {
    return writer instanceof this.constructor ? (value: unknown) => value : undefined
  }
}

class UuidText extends TextOfBytes {
  protected override _fromValue(bytes: Buffer): string {
    return bytesToUuid(bytes)
  }

  protected override _toValue(text: unknown): Buffer | undefined {
    return typeof text === 'string' ? uuidToBytes(text) : undefined
  }
}

class HexText extends TextOfBytes {
  protected override _fromValue(bytes: Buffer): string {
    return bytes.toString('hex')
  }

  protected override _toValue(text: unknown): Buffer | undefined {
    return typeof text === 'string' && /^([0-9a-f]{2})*$/.test(text) ? Buffer.from(text, 'hex') : undefined
  }
}

class Base64Text extends TextOfBytes {
  protected override _fromValue(bytes: Buffer): string {
    return bytes.toString('base64')
  }

  protected override _toValue(text: unknown): Buffer | undefined {
    if (typeof text !== 'string') return undefined
    const bytes = Buffer.from(text, 'base64')
    return bytes.toString('base64') === text ? bytes : undefined
  }
}

const logicalTypes = { 'synap-uuid': UuidText, 'synap-hex': HexText, 'synap-base64': Base64Text }

export type BytesAs = 'base64' | 'buffer'

/**
 * The avsc type of a schema whose values are plain JSON: fixed(16) is UUID text, any other fixed and `TraceId` are
 * hexadecimal, `bytes` is base64 (or a Buffer where no JSON is wanted). Names must be in full and defined once.
 */
export function avroType(schema: AvroSchema, bytesAs: BytesAs = 'base64'): Type {
  return avro.Type.forSchema(inMemory(schema, bytesAs) as never, {
    logicalTypes: logicalTypes as unknown as Record<string, new () => types.LogicalType>,
    omitRecordMethods: true,
  })
}

function inMemory(schema: AvroSchema, bytesAs: BytesAs): unknown {
  if (typeof schema === 'string') {
    return schema === 'bytes' && bytesAs === 'base64'
      ? { type: 'bytes', logicalType: 'synap-base64' }
      : schema
  }
  if (Array.isArray(schema)) return schema.map((branch: AvroSchema) => inMemory(branch, bytesAs))
  const node = schema as { type: string; [key: string]: unknown }
  // Other logical types (timestamp-millis) stay what they are on the wire: numbers.
  const { logicalType: _, ...plain } = node
  switch (node.type) {
    case 'fixed':
      return { ...plain, logicalType: isUuidFixed(node) ? 'synap-uuid' : 'synap-hex' }
    case 'array':
      return { ...plain, items: inMemory(node['items'] as AvroSchema, bytesAs) }
    case 'map':
      return { ...plain, values: inMemory(node['values'] as AvroSchema, bytesAs) }
    case 'record': {
      const fields = node['fields'] as { type: AvroSchema }[]
      return { ...plain, fields: fields.map((field) => ({ ...field, type: inMemory(field.type, bytesAs) })) }
    }
    default:
      return node.type === 'bytes' ? inMemory('bytes', bytesAs) : plain
  }
}

function isUuidFixed(node: { readonly [key: string]: unknown }): boolean {
  const name = typeof node['name'] === 'string' ? node['name'] : ''
  return node['size'] === 16 && !/(^|\.)TraceId$/.test(name)
}
