import { type DeltaOf, maxEventBytes } from '@synap/contracts'
import { type AggregateId, type EventId, sha256Hex, uuidv7 } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { encodeEvent } from './encode-event.ts'

const enrichment = (suggestions: number): DeltaOf<'ai.enrichment_applied'> => ({
  analysisId: uuidv7() as never,
  contentHash: sha256Hex('x'),
  model: 'offline',
  promptVersion: '1',
  offline: true,
  title: null,
  type: null,
  summary: null,
  people: null,
  language: null,
  status: null,
  priority: null,
  due: null,
  tagsAdded: [],
  suggestions: Array.from({ length: suggestions }, () => ({
    field: 'summary',
    value: 'x'.repeat(1_000),
    confidence: 0.3,
  })),
})

const encode = (suggestions: number) =>
  encodeEvent({
    type: 'ai.enrichment_applied',
    id: uuidv7() as EventId,
    aggregateId: uuidv7() as AggregateId,
    causationId: null,
    delta: enrichment(suggestions),
  })

describe('an event on its way into the outbox', () => {
  it('given a delta that leaves room for its envelope, it is encoded with the fingerprint of its schema', () => {
    const { delta, fingerprint } = encode(60)
    expect(delta.length).toBeLessThan(maxEventBytes - 200)
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/)
  })

  it('given one that does not, it is refused before anything is committed', () => {
    expect(() => encode(65)).toThrow(expect.objectContaining({ code: 'event.too_large', class: 'data' }))
  })
})
