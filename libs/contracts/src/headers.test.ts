import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { envelope } from '../test/samples.ts'
import { avscOf, fingerprintOf } from './avsc.ts'
import { eventTypes } from './catalogue.ts'
import { eventHeaders, parseEventHeaders } from './headers.ts'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe('headers of events', () => {
  it('given any event, its headers say where it belongs without its payload', () => {
    fc.assert(
      fc.property(envelope, fc.constantFrom(...eventTypes), (head, type) => {
        const fingerprint = fingerprintOf(avscOf(type))
        const headers = eventHeaders({ ...head, type }, fingerprint, { traceparent, tracestate: 'a=1' })
        const { id, userId, aggregateId, version, sequence, occurredAt } = head
        fc.pre(occurredAt < 253_402_300_800_000)
        expect(parseEventHeaders(headers)).toEqual({
          ok: true,
          id,
          type,
          userId,
          aggregateId,
          version,
          sequence,
          time: occurredAt,
          fingerprint: fingerprint.toString('hex'),
          traceparent,
          tracestate: 'a=1',
        })
      }),
    )
  })

  const [head] = fc.sample(envelope, { numRuns: 1, seed: 7 })
  if (head === undefined) throw new Error('no sample')
  const good = eventHeaders(
    { ...head, occurredAt: 1_800_000_000_123, type: 'entity.created' },
    'ab'.repeat(32),
  )

  it('given an event, the headers are those of CloudEvents 1.0 in binary mode', () => {
    expect(good).toMatchObject({
      ce_specversion: '1.0',
      ce_source: '/synap/ingest',
      ce_type: 'entity.created',
      ce_time: '2027-01-15T08:00:00.123Z',
      'content-type': 'application/vnd.confluent.avro',
    })
    expect(good).not.toHaveProperty('traceparent')
  })

  it.each([
    ['ce_id', 'nobody'],
    ['ce_type', 'Entity Created'],
    ['ce_time', 'yesterday'],
    ['ce_time', '2027-13-45T08:00:00.123Z'],
    ['synap-user', '01890000-0000-7000-8000-00000000000G'],
    ['synap-aggregate', ''],
    ['synap-version', '0'],
    ['synap-version', '01'],
    ['synap-version', '2147483648'],
    ['synap-sequence', '-1'],
    ['synap-sequence', '1e3'],
    ['synap-sequence', '9007199254740992'],
    ['synap-schema', 'ab'],
  ])('given %s: %s, the headers cannot be used, and the answer names it', (name, value) => {
    expect(parseEventHeaders({ ...good, [name]: value })).toEqual({ ok: false, reason: name })
    const { [name]: _, ...without } = good
    expect(parseEventHeaders(without)).toEqual({ ok: false, reason: name })
  })

  it('given a trace context that is none, it is left out and the event can still be placed', () => {
    for (const wrong of ['', 'x', traceparent.toUpperCase(), `00-${'0'.repeat(32)}-b7ad6b7169203331-01`]) {
      const parsed = parseEventHeaders({ ...good, traceparent: wrong, tracestate: 'a=1' })
      expect(parsed).toMatchObject({ ok: true })
      expect(parsed).not.toHaveProperty('traceparent')
      expect(parsed).not.toHaveProperty('tracestate')
    }
  })
})
