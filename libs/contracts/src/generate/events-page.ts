import { schemaFileOf } from '../avsc.ts'
import { catalogue, type EventType, eventTypes } from '../catalogue.ts'
import { derivedRecords, derivedTypes } from '../derived/records.ts'
import { envelopeFields } from '../event/envelope.ts'
import type { AvroSchema, Fields } from '../event/field.ts'
import { topics } from '../topics.ts'
import { batchSizes, eventSizes, sizeBounds } from './sizes.ts'

/** The reference page of the event catalogue, Markdown. */
export function eventsPage(): string {
  const sections = [
    '# Events',
    '<!-- Generated from libs/contracts by `node libs/contracts/src/generate/main.ts`. Do not edit. -->',
    [
      `Every change in Synap is one small event on the topic \`${topics.events.name}\`: an Avro record in Confluent's`,
      'wire format, one record type for each event type, keyed by the user. An event carries what changed (its delta),',
      'never the content. The schemas stand in `libs/contracts/avsc/`, one file each.',
    ].join('\n'),
    '## Envelope',
    'Every event record begins with these fields.',
    table(envelopeFields),
    ...aggregates().flatMap(([aggregate, types]) => [
      `## About ${article(aggregate)}`,
      ...types.flatMap((type) => eventSection(type)),
    ]),
    '## Sizes',
    ...sizes(),
    '## Derived records',
    [
      `What extraction and embedding make of a content lies on the compacted topic \`${topics.derived.name}\`, under the`,
      'key `user/entity/contentHash/producer/block`, in the partition of the user. A record without value takes its',
      'block away. `ModelChosen` is about a user and no content: there the user stands for the entity, and zeros for the',
      'content.',
    ].join('\n'),
    ...derivedTypes.flatMap((type) => [
      `### ${type}`,
      derivedRecords[type].doc,
      table(derivedRecords[type].fields),
    ]),
  ]
  return `${sections.join('\n\n')}\n`
}

function sizes(): string[] {
  const { plain, compressed } = batchSizes()
  const rows = eventSizes().map(({ type, text, framed, headers }) => [
    `\`${type}\``,
    String(framed),
    Number.isFinite(sizeBounds[text]) ? String(sizeBounds[text]) : '–',
    String(headers),
  ])
  return [
    [
      'Bytes of a usual event: the framed record (frame, envelope, delta) without actor id and cause, the bound it keeps',
      'where it has one (92 without text, 120 with a short one), and its headers.',
    ].join('\n'),
    lines([['event', 'record', 'bound', 'headers'], ['---', '---', '---', '---'], ...rows]),
    [
      `A captured note with a title takes about ${ten(plain)} bytes with headers, and about ${ten(compressed)} on the topic, where batches`,
      'are compressed with gzip.',
    ].join('\n'),
  ]
}

/** Rounded, so that another build of zlib gives the same page. */
function ten(bytes: number): number {
  return Math.round(bytes / 10) * 10
}

function aggregates(): [string, EventType[]][] {
  const groups = new Map<string, EventType[]>()
  for (const type of eventTypes) {
    const { aggregate } = catalogue[type]
    groups.set(aggregate, [...(groups.get(aggregate) ?? []), type])
  }
  return [...groups]
}

function eventSection(type: EventType): string[] {
  const { doc, fields } = catalogue[type]
  return [
    `### ${type}`,
    `${doc} Record \`${schemaFileOf(type).recordName}\`.`,
    Object.keys(fields).length === 0 ? 'No fields besides the envelope.' : table(fields),
  ]
}

function table(fields: Fields): string {
  const rows = Object.entries(fields).map(([name, { avro, doc }]) => [`\`${name}\``, typeName(avro), doc])
  return lines([['field', 'Avro', 'meaning'], ['---', '---', '---'], ...rows])
}

function lines(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n')
}

function typeName(schema: AvroSchema): string {
  if (typeof schema === 'string') return schema
  if (Array.isArray(schema)) return schema.map((branch: AvroSchema) => typeName(branch)).join(' or ')
  const node = schema as { type: string; logicalType?: unknown; [key: string]: unknown }
  switch (node.type) {
    case 'array':
      return `array of ${typeName(node['items'] as AvroSchema)}`
    case 'fixed':
      return `fixed(${String(node['size'])})`
    case 'record': {
      const fields = node['fields'] as { name: string; type: AvroSchema }[]
      return `record { ${fields.map(({ name, type }) => `${name}: ${typeName(type)}`).join(', ')} }`
    }
    default: {
      const { logicalType } = node
      return typeof logicalType === 'string' ? `${node.type} (${logicalType})` : node.type
    }
  }
}

function article(aggregate: string): string {
  return /^[aeio]/.test(aggregate) ? `an ${aggregate}` : `a ${aggregate}`
}
