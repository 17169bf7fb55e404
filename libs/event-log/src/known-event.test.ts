import { avscOf, type JsonObject } from '@synap/contracts'
import { describe, expect, it } from 'vitest'
import { toKnownEvent } from './known-event.ts'
import type { LoggedEvent } from './logged-event.ts'

const event = {
  id: '01890000-0000-7000-8000-000000000001',
  type: 'entity.created',
  userId: '01890000-0000-7000-8000-000000000002',
  aggregateId: '01890000-0000-7000-8000-000000000003',
  aggregateType: 'entity',
  version: 1,
  sequence: 9,
  occurredAt: 1_800_000_000_000,
  source: 'api',
  correlationId: '0af7651916cd43dd8448eb211c80319c',
  causationId: null,
  actor: { kind: 'user', id: null },
  delta: { title: 'Tea', timeZone: null, type: 'note' } as JsonObject,
  extra: null,
  schemaNo: 1,
} as LoggedEvent
const today = avscOf('entity.created')

describe('a logged event as today’s code knows it', () => {
  it('given one of today, it is all of it but what belongs to the log', () => {
    const { extra: _, schemaNo: __, ...known } = event
    expect(toKnownEvent(event, today)).toEqual(known)
  })

  it.each([
    ['source', { source: 'dream' }],
    ['kind of actor', { actor: { kind: 'cat', id: null } }],
    ['word in the delta', { delta: { title: 'Tea', type: 'recipe' } }],
  ])('given a %s of tomorrow, it is not known', (_, change) => {
    expect(toKnownEvent({ ...event, ...change }, today)).toBeUndefined()
  })

  it('given a schema whose field has another type, its bytes tell', () => {
    const schema = JSON.parse(today) as { fields: { name: string; type: unknown; default?: unknown }[] }
    for (const field of schema.fields) {
      if (field.name !== 'title') continue
      field.type = 'string'
      delete field.default
    }
    expect(toKnownEvent(event, JSON.stringify(schema))).toMatchObject({ delta: event.delta })
  })

  it('given a delta that does not fit its schema, it is refused as data', () => {
    const broken = { ...event, delta: { title: 7, type: 'note' } as JsonObject }
    expect(() => toKnownEvent(broken, today)).toThrow(expect.objectContaining({ class: 'data' }))
  })
})
