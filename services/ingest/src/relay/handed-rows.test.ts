import { type EventId, type UserId, uuidv7 } from '@synap/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OutboxRow } from '../sql/outbox.ts'
import { createHandedRows } from './handed-rows.ts'

const limits = { batchRows: 10, batchBytes: 1_000 }

const rowOf = (userId: string, sequence: number, id: number, bytes = 1): OutboxRow => ({
  id,
  event_id: uuidv7() as EventId,
  event_type: 'entity.created',
  user_id: userId as UserId,
  aggregate_id: uuidv7() as UserId,
  aggregate_type: 'entity',
  version: 1,
  sequence,
  occurred_at: 0,
  source: 'api',
  correlation_id: '',
  causation_id: null,
  actor_kind: 'user',
  actor_id: null,
  delta: Buffer.alloc(bytes),
  fingerprint: '',
  traceparent: null,
  tracestate: null,
})

/** Of which nothing waits that was not handed. */
function looked() {
  const handed = createHandedRows(limits)
  handed.looking()
  return handed
}
const idsOf = (rows: readonly OutboxRow[]) => rows.map(({ id }) => id)

describe('rows that are handed over', () => {
  it('given nobody has looked at the outbox, it has to be looked at', () => {
    const handed = createHandedRows(limits)
    handed.add([rowOf('a', 1, 1)])
    expect(handed.isLookDue()).toBe(true)
    expect(handed.take()).toEqual([])
  })

  it('given the first rows of users, they go, and what follows on them goes', () => {
    const handed = looked()
    handed.add([rowOf('a', 1, 1), rowOf('a', 2, 2)])
    handed.add([rowOf('b', 1, 3)])
    expect(idsOf(handed.take())).toEqual([1, 2, 3])
    expect(handed.isWaiting()).toBe(false)
    handed.add([rowOf('a', 3, 4)])
    expect(handed.isWaiting()).toBe(true)
    expect(idsOf(handed.take())).toEqual([4])
    expect(idsOf(handed.take())).toEqual([])
  })

  it('given a row of a user of whom nothing is known, the outbox has to be looked at; then its next goes', () => {
    const handed = looked()
    handed.add([rowOf('a', 7, 1)])
    expect(idsOf(handed.take())).toEqual([])
    expect(handed.isLookDue()).toBe(true)
    handed.looking()
    handed.sent(rowOf('a', 7, 1))
    handed.add([rowOf('a', 8, 2)])
    expect(idsOf(handed.take())).toEqual([2])
  })

  it('given a row that another process wrote in between, nothing goes past it', () => {
    const handed = looked()
    handed.sent(rowOf('a', 3, 1))
    handed.add([rowOf('a', 5, 3), rowOf('a', 6, 4), rowOf('b', 1, 5)])
    expect(idsOf(handed.take())).toEqual([5])
    expect(handed.isLookDue()).toBe(true)
  })

  it('given answers that are read in another order than their commits, they go in order', () => {
    const handed = looked()
    handed.add([rowOf('a', 2, 2)])
    handed.add([rowOf('a', 1, 1)])
    expect(idsOf(handed.take())).toEqual([1, 2])
  })

  it('given a row that a look has found and sent, it does not go again', () => {
    const handed = looked()
    handed.add([rowOf('a', 1, 1), rowOf('a', 2, 2)])
    handed.sent(rowOf('a', 1, 1))
    handed.sent(rowOf('a', 2, 2))
    expect(idsOf(handed.take())).toEqual([])
    expect(handed.isLookDue()).toBe(false)
  })

  it.each([
    ['rows', () => Array.from({ length: 11 }, (_, n) => rowOf('a', n + 1, n + 1))],
    ['bytes', () => [rowOf('a', 1, 1, 600), rowOf('a', 2, 2, 600)]],
  ])('given too many %s, all are left to the next look', (_, rows) => {
    const handed = looked()
    handed.add(rows())
    expect(handed.isLookDue()).toBe(true)
    handed.looking()
    expect(idsOf(handed.take())).toEqual([])
  })

  it('given a failure, nothing is known any more', () => {
    const handed = looked()
    handed.add([rowOf('a', 1, 1)])
    handed.take()
    handed.forget()
    expect(handed.isLookDue()).toBe(true)
    handed.looking()
    handed.add([rowOf('a', 2, 2)])
    expect(idsOf(handed.take())).toEqual([])
  })

  it('given any hand-overs, lost and late ones too, no row goes before one of its user that has not', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ hand: fc.integer({ min: 0, max: 2 }), late: fc.boolean(), lost: fc.boolean() }),
        fc.constant('take' as const),
        fc.constant('forget' as const),
      ),
      { maxLength: 60 },
    )
    const check = fc.property(steps, (list) => {
      const handed = createHandedRows(limits)
      const stored: OutboxRow[] = []
      /** The last sequence of each user that went. */
      const gone = new Map<string, number>()
      const late: OutboxRow[] = []
      const send = (row: OutboxRow) => {
        const before = gone.get(row.user_id) ?? 0
        expect(row.sequence).toBeLessThanOrEqual(before + 1)
        gone.set(row.user_id, Math.max(before, row.sequence))
      }
      const step = () => {
        for (const row of handed.take()) send(row)
        if (!handed.isLookDue()) return
        handed.looking()
        const found = stored.filter((row) => row.sequence > (gone.get(row.user_id) ?? 0))
        for (const row of found) {
          send(row)
          handed.sent(row)
        }
      }
      for (const next of list) {
        if (next === 'take') step()
        else if (next === 'forget') handed.forget()
        else {
          const userId = String(next.hand)
          const sequence = stored.filter((row) => row.user_id === userId).length + 1
          const row = rowOf(userId, sequence, stored.length + 1)
          stored.push(row)
          if (next.late) late.push(row)
          else if (!next.lost) handed.add([...late.splice(0), row])
        }
      }
      handed.mustLook()
      step()
      step()
      for (const row of stored) expect(gone.get(row.user_id)).toBeGreaterThanOrEqual(row.sequence)
    })
    fc.assert(check, { numRuns: 500 })
  })
})
