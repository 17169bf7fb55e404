import { describe, expect, it } from 'vitest'
import { avscOf, recordNameOf, schemaFiles } from './avsc.ts'
import { catalogue, eventTypes } from './catalogue.ts'
import { eventTypeOfRecord } from './codec/compiled.ts'
import { derivedTypes } from './derived/records.ts'
import { envelopeFields } from './event/envelope.ts'
import type { KindContract } from './kinds/kind.ts'
import * as kinds from './kinds.ts'

describe('the event catalogue', () => {
  it('given any event type, none of its delta fields has the name of an envelope field: Avro refuses two', () => {
    const clashes = eventTypes.flatMap((type) =>
      Object.keys(catalogue[type].fields)
        .filter((name) => name in envelopeFields)
        .map((name) => `${type}.${name}`),
    )
    expect(clashes).toEqual([])
  })

  it('holds every type of the design', () => {
    expect(eventTypes).toEqual(
      expect.arrayContaining([
        ...['created', 'deleted', 'restored', 'purged', 'title_changed', 'type_changed', 'updated'].map(
          entity,
        ),
        ...['file_uploaded', 'file_deleted', 'attachment_added', 'attachment_removed'].map(entity),
        ...['tag_added', 'tag_removed', 'suggestion_rejected'].map(entity),
        'task.status_changed',
        'task.completed',
        'task.due_date_set',
        'task.priority_set',
        'relation.created',
        'relation.deleted',
        'tag.renamed',
        'tag.recolored',
        'tag.merged',
        'ai.analysis_requested',
        'ai.analysis_completed',
        'ai.analysis_failed',
        'ai.enrichment_applied',
        'user.settings_changed',
        'user.erased',
      ]),
    )
  })

  it('given any type, its name says what it is about, then what happened', () => {
    for (const type of eventTypes) expect(type).toMatch(/^[a-z]+\.[a-z]+(_[a-z]+)*$/)
    for (const [name, kind] of Object.entries<KindContract>(kinds)) {
      const subject = kind.isTrait === true ? 'entity' : name
      for (const type of Object.keys(kind.events)) expect(type.split('.')[0]).toBe(subject)
    }
  })

  it('given any type, its record is named after it, and the name says the type again', () => {
    for (const type of eventTypes) expect(eventTypeOfRecord(recordNameOf(type))).toBe(type)
    expect(recordNameOf('entity.title_changed')).toBe('synap.events.EntityTitleChanged')
    expect(new Set(schemaFiles().map(({ subject }) => subject)).size).toBe(
      eventTypes.length + derivedTypes.length,
    )
    expect(schemaFiles()[0]?.subject).toBe('synap.events.v1-synap.events.EntityCreated')
  })

  it('given any schema, every field and nested field has a doc, unions are with null only, and there are no enums or maps', () => {
    for (const { text } of schemaFiles()) {
      const problems: string[] = []
      inspect(JSON.parse(text), '', problems)
      expect(problems).toEqual([])
    }
  })

  it('given the vocabularies, they are strings in Avro: a word of tomorrow does not break a reader of today', () => {
    expect(avscOf('entity.created')).toMatch(/"name": "type",\s+"type": "string"/)
  })
})

const entity = (action: string) => `entity.${action}`

function inspect(schema: unknown, path: string, problems: string[]): void {
  if (Array.isArray(schema)) {
    if (schema.length !== 2 || schema[0] !== 'null') problems.push(`${path}: union`)
    inspect(schema[1], path, problems)
    return
  }
  if (typeof schema !== 'object' || schema === null) return
  const node = schema as {
    type: unknown
    items?: unknown
    fields?: { name: string; doc?: string; type: unknown }[]
  }
  if (node.type === 'enum' || node.type === 'map') problems.push(`${path}: ${node.type}`)
  if (node.items !== undefined) inspect(node.items, path, problems)
  for (const { name, doc, type } of node.fields ?? []) {
    if (doc === undefined || doc.length < 5) problems.push(`${path}.${name}: no doc`)
    inspect(type, `${path}.${name}`, problems)
  }
}
