import {
  avscOf,
  type Envelope,
  encodeDelta,
  encodeEnvelope,
  eventHeaders,
  fingerprintOf,
  frame,
} from '@synap/contracts'
import { type AggregateId, type EventId, sha256Hex, type UserId, uuidv7 } from '@synap/core'
import { describe, expect, it } from 'vitest'
import type { ParkedRow } from '../sql/parked.ts'
import { showBytes } from './show-bytes.ts'

const secret = 'the diagnosis of anna'
const schema = avscOf('entity.created')
const envelope: Envelope = {
  id: uuidv7() as EventId,
  userId: uuidv7() as UserId,
  aggregateId: uuidv7() as AggregateId,
  version: 1,
  sequence: 7,
  occurredAt: Date.UTC(2026, 10, 21, 8),
  source: 'api',
  correlationId: uuidv7().replaceAll('-', ''),
  causationId: null,
  actor: { kind: 'user', id: null },
}
const value = frame(
  3,
  encodeEnvelope(schema, envelope),
  encodeDelta('entity.created', { type: 'note', title: secret, timeZone: null }),
)
const headers = eventHeaders({ ...envelope, type: 'entity.created' }, fingerprintOf(schema))

const row = (more: Partial<ParkedRow> = {}): ParkedRow => ({
  id: 1,
  topic: 'synap.events.v1',
  partition: 0,
  record_offset: 5,
  user_id: envelope.userId,
  aggregate_id: envelope.aggregateId,
  aggregate_type: 'entity',
  version: 1,
  sequence: 7,
  event_id: envelope.id,
  event_type: 'entity.created',
  reason: 'refused_by_store',
  detail: null,
  key: envelope.userId,
  headers,
  bytes: value.length,
  sha256: sha256Hex(value),
  value,
  slot: true,
  state: 'open',
  attempts: 0,
  parked_at: 0,
  waiting: 0,
  history: [],
  ...more,
})
const cut = value.subarray(0, value.length - 3)

describe('what an operator sees of the bytes', () => {
  it('given an event that decodes, its place and its shape, not a word of its content', () => {
    const shown = showBytes(row())
    expect(shown.headers).toEqual(headers)
    expect(shown.decoded).toEqual({
      outcome: 'decoded',
      note: null,
      envelope: expect.objectContaining({
        type: 'entity.created',
        sequence: 7,
        occurredAt: '2026-11-21T08:00:00.000Z',
      }),
      fields: { type: 'text (4 characters)', title: `text (${secret.length} characters)`, timeZone: 'null' },
    })
    expect(JSON.stringify(shown)).not.toContain('diagnosis')
  })

  it.each([
    ['bytes that end early', { value: cut, bytes: cut.length }, /^[a-z_]+: at byte \d+$/],
    ['bytes without a frame', { value: Buffer.from(secret) }, /^frame: /],
    ['a schema of tomorrow', { headers: { ...headers, 'synap-schema': 'f'.repeat(64) } }, /^schema 3 is not/],
    ['bytes that the owner keeps', { value: null }, /^kept undecoded/],
    ['no bytes', { value: null, bytes: null, sha256: null }, /^there are no bytes/],
    ['a derived record', { slot: false, topic: 'synap.derived.v1' }, /^a derived record/],
  ] as const)('given %s, it says why it is not decoded', (_what, more, note) => {
    const { decoded } = showBytes(row(more))
    expect(decoded).toEqual({
      outcome: 'not',
      note: expect.stringMatching(note),
      envelope: null,
      fields: null,
    })
  })

  it('given a key and headers that hold content, only their lengths', () => {
    const more = { [secret]: 'x', 'x-note': secret, ce_subject: secret, ce_id: 'é'.repeat(9) }
    const shown = showBytes(row({ key: secret, headers: more }))
    expect(shown.key).toBeNull()
    expect(shown.headers).toEqual({
      '(a name of 21 characters)': '(1 characters)',
      'x-note': '(21 characters)',
      ce_subject: '(21 characters)',
      ce_id: '(9 characters)',
    })
  })
})
