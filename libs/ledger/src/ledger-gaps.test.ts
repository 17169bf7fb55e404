import type { Ledger } from '@synap/contracts'
import type { UserId } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { ledgerGaps } from './ledger-gaps.ts'

const level: Ledger = {
  userId: 'u' as UserId,
  acknowledged: { items: 3, withContent: 2, events: 7 },
  objects: { referenced: 2, present: 2, unreferenced: 0 },
  outbox: { events: 7, unpublished: 0 },
  topic: { events: 7, repeated: 0 },
  log: { events: 7, parked: 0 },
  readModel: { items: 3, seen: 7, parked: 0, texts: 2, vectors: 2 },
  jobs: { done: 3, failed: 0, open: 0, withoutVectors: 1 },
}

/** The level ledger with one number of one store changed. */
function changed<Store extends Exclude<keyof Ledger, 'userId'>>(
  store: Store,
  change: Partial<NonNullable<Ledger[Store]>>,
): Ledger {
  return { ...level, [store]: { ...level[store], ...change } }
}

describe('gaps of the ledger', () => {
  it('given stores that agree, there are none', () => {
    expect(ledgerGaps(level)).toEqual([])
  })

  it('given a topic that was not read, nothing is said of it', () => {
    expect(ledgerGaps({ ...level, topic: null })).toEqual([])
  })

  it('given records sent twice, it is no gap: delivery is at least once', () => {
    expect(ledgerGaps(changed('topic', { repeated: 4 }))).toEqual([])
  })

  it.each<[string, Ledger, string]>([
    ['an object that is gone', changed('objects', { present: 1 }), 'content objects in the bucket: 1, not 2'],
    [
      'content nobody registered',
      changed('objects', { referenced: 1, present: 1 }),
      'content objects: 1, not 2',
    ],
    [
      'an object nothing refers to',
      changed('objects', { unreferenced: 1 }),
      'objects nothing refers to: 1, not 0',
    ],
    ['an event not in the outbox', changed('outbox', { events: 6 }), 'events in the outbox: 6, not 7'],
    ['an event not published', changed('outbox', { unpublished: 1 }), 'events not published: 1, not 0'],
    ['an event not in the topic', changed('topic', { events: 6 }), 'events in the topic: 6, not 7'],
    ['an event not in the log', changed('log', { events: 6 }), 'events in the log: 6, not 7'],
    ['an event twice in the log', changed('log', { events: 8 }), 'events in the log: 8, not 7'],
    ['an event parked by the log', changed('log', { parked: 1 }), 'events parked by the log: 1, not 0'],
    [
      'an item not in the read model',
      changed('readModel', { items: 2 }),
      'items in the read model: 2, not 3',
    ],
    ['an item twice in it', changed('readModel', { items: 4 }), 'items in the read model: 4, not 3'],
    [
      'an event it has not seen',
      changed('readModel', { seen: 6 }),
      'events seen by the read model: 6, not 7',
    ],
    [
      'an event it has parked',
      changed('readModel', { parked: 1 }),
      'events parked by the read model: 1, not 0',
    ],
    ['a text that is missing', changed('readModel', { texts: 1 }), 'items with a text: 1, not 2'],
    ['vectors that are missing', changed('readModel', { vectors: 1 }), 'items with vectors: 1, not 2'],
    ['a job that is open', changed('jobs', { done: 2, open: 1 }), 'items enriched: 2, not 3'],
    ['a job that failed', changed('jobs', { failed: 1 }), 'items whose enrichment failed: 1, not 0'],
  ])('given %s, it is named', (_what, ledger, gap) => {
    expect(ledgerGaps(ledger)).toEqual([gap])
  })
})
