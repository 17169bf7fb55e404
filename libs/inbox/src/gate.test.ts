import { createHash } from 'node:crypto'
import type { UserId } from '@synap/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Arrival, createGate, type GateOptions, type OpenSlot, type Step, type Verdict } from './gate.ts'
import type { Placement } from './types.ts'

const userId = '00000000-0000-7000-8000-000000000001' as UserId

function placement(sequence: number, aggregateId: string, version: number, id = `e${sequence}`): Placement {
  return { id, type: 'entity.created', userId, aggregateId, aggregateType: 'entity', version, sequence }
}

function arrival(
  place: Placement,
  verdict: Verdict = { kind: 'apply' },
  bytes = `${place.id}:${verdict.kind}`,
): Arrival {
  return { placement: place, verdict, digest: createHash('sha256').update(bytes).digest('hex') }
}

/** One user's true history: aggregate names become events with sequence 1..n and version 1..m per aggregate. */
function history(aggregates: readonly string[]): Placement[] {
  const versions = new Map<string, number>()
  return aggregates.map((aggregate, index) => {
    const version = (versions.get(aggregate) ?? 0) + 1
    versions.set(aggregate, version)
    return placement(index + 1, aggregate, version)
  })
}

/** The tables of a consumer and what an inbox does with them, in memory. */
function createModel(truth: readonly Placement[], options: GateOptions, absent: ReadonlySet<number>) {
  let seen = 0
  let rows = 0
  const open = new Map<number, OpenSlot & { place: Placement | null }>()
  const applied: Placement[] = []
  const versions = new Map<string, number>()
  const steps: Step[] = []

  const deliver = (arrivals: readonly Arrival[]) => {
    const waiting = [...arrivals]
    while (waiting.length > 0) {
      const gate = createGate(
        userId,
        { seen, slots: [...open.values()] },
        options.holdAggregates ? { holdAggregates: true, versions } : options,
      )
      const gap = settle(gate, waiting)
      seen = gate.seen
      if (gap !== undefined) fetch(gap.from, gap.to)
    }
  }

  const settle = (gate: ReturnType<typeof createGate>, waiting: Arrival[]) => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const step = gate.decide(next)
      if (step.kind === 'gap') return step
      waiting.shift()
      steps.push(step)
      take(step, next)
    }
    return undefined
  }

  const take = (step: Step, { placement: place, digest }: Arrival) => {
    if (step.kind === 'apply') {
      applied.push(place)
      versions.set(place.aggregateId, place.version)
    } else if (step.kind === 'park') {
      rows += 1
      const { sequence, id: eventId, aggregateId } = place
      open.set(sequence, { id: `${rows}`, sequence, eventId, aggregateId, digest, place })
    } else if (step.kind === 'fill') {
      const slot = [...open.values()].find((candidate) => candidate.id === step.slotId)
      if (slot === undefined) throw new Error('filled a slot that is not open')
      Object.assign(slot, { eventId: place.id, aggregateId: place.aggregateId, digest, place })
    }
  }

  const fetch = (from: number, to: number) => {
    for (let sequence = from; sequence <= to; sequence += 1) {
      const place = truth[sequence - 1]
      if (place === undefined) throw new Error('asked for a sequence that nobody has')
      if (absent.has(sequence)) {
        seen = sequence
        rows += 1
        open.set(sequence, {
          id: `${rows}`,
          sequence,
          eventId: null,
          aggregateId: null,
          digest: null,
          place: null,
        })
      } else deliver([arrival(place)])
    }
  }
  return { deliver, applied, open, steps, seen: () => seen }
}

/** A true history, and any sequence of deliveries drawn from it: lost, doubled, out of order. */
const deliveries = fc
  .array(fc.constantFrom('a', 'b', 'c', userId), { minLength: 1, maxLength: 12 })
  .chain((aggregates) => {
    const truth = history(aggregates)
    const index = fc.nat(truth.length - 1)
    return fc.record({
      truth: fc.constant(truth),
      order: fc.array(index, { maxLength: 40 }),
      batches: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 40, maxLength: 40 }),
      poison: fc.uniqueArray(index, { maxLength: 3 }),
      absent: fc.uniqueArray(index, { maxLength: 2 }),
    })
  })

function* chunks<T>(items: readonly T[], sizes: readonly number[]) {
  for (let at = 0, turn = 0; at < items.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1
    yield items.slice(at, at + size)
    at += size
  }
}

describe('gate', () => {
  it('given any loss, doubling and order of delivery, each event is applied exactly once and in order', () => {
    fc.assert(
      fc.property(deliveries, fc.boolean(), ({ truth, order, batches }, holdAggregates) => {
        const model = createModel(truth, { holdAggregates }, new Set())
        const last = truth.at(-1)
        const arrivals = [...order.map((at) => truth[at]), last].flatMap((place) =>
          place === undefined ? [] : [arrival(place)],
        )
        for (const batch of chunks(arrivals, batches)) model.deliver(batch)
        expect(model.applied).toEqual(truth)
        expect(model.open.size).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  it('given poison, every sequence is applied or open, never both, and no aggregate is applied past its poison', () => {
    fc.assert(
      fc.property(deliveries, ({ truth, order, batches, poison }) => {
        const bad = new Set(poison)
        const model = createModel(truth, { holdAggregates: true }, new Set())
        const deliver = (at: number): Arrival[] => {
          const place = truth[at]
          if (place === undefined) return []
          return [arrival(place, bad.has(at) ? { kind: 'park', reason: 'undecodable' } : { kind: 'apply' })]
        }
        // everything in order once, so that the model's ingest never answers with good bytes for a poisoned event
        const arrivals = [...truth.keys(), ...order].flatMap(deliver)
        for (const batch of chunks(arrivals, batches)) model.deliver(batch)

        const done = new Set(model.applied.map((place) => place.sequence))
        expect(done.size).toBe(model.applied.length)
        for (const place of truth) expect(done.has(place.sequence)).toBe(!model.open.has(place.sequence))
        const firstBad = (aggregate: string) =>
          truth.find((place, at) => bad.has(at) && place.aggregateId === aggregate)?.sequence ?? Infinity
        for (const place of truth) {
          const held = place.sequence >= firstBad(place.aggregateId) || place.sequence > firstBad(userId)
          expect(model.open.has(place.sequence)).toBe(held)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('given missing events, no aggregate is applied across its gap of versions, and all others are applied', () => {
    fc.assert(
      fc.property(deliveries, ({ truth, absent }) => {
        const last = truth.at(-1)
        const lost = new Set(absent.map((at) => at + 1))
        fc.pre(last !== undefined && !lost.has(last.sequence))
        const model = createModel(truth, { holdAggregates: true }, lost)
        if (last !== undefined) model.deliver([arrival(last)])
        expect(model.seen()).toBe(truth.length)
        for (const place of truth) {
          const gone = truth.some(
            (other) =>
              lost.has(other.sequence) &&
              other.aggregateId === place.aggregateId &&
              other.version <= place.version,
          )
          const heldByUser = truth.some(
            (other) =>
              other.aggregateId === userId &&
              other.sequence < place.sequence &&
              model.open.get(other.sequence)?.aggregateId === userId,
          )
          expect(model.open.has(place.sequence)).toBe(gone || heldByUser)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('given an event for an open slot, its bytes fill it; the same bytes again, or another id, do not', () => {
    const slot: OpenSlot = { id: '7', sequence: 1, eventId: 'e1', aggregateId: 'a', digest: 'old' }
    const decide = (next: Arrival) =>
      createGate(userId, { seen: 3, slots: [slot] }, { holdAggregates: true }).decide(next)
    const good = arrival(placement(1, 'a', 1))
    expect(decide(good)).toEqual({ kind: 'fill', slotId: '7' })
    expect(decide({ ...good, digest: 'old' })).toEqual({ kind: 'duplicate' })
    expect(decide(arrival(placement(1, 'a', 1, 'another')))).toEqual({ kind: 'fork' })
    expect(decide(arrival(placement(2, 'a', 2)))).toEqual({ kind: 'duplicate' })
  })

  it('given an event that the store refused, later ones of its aggregate are parked and others are not', () => {
    const gate = createGate(userId, { seen: 0, slots: [] }, { holdAggregates: true })
    const first = arrival(placement(1, 'a', 1))
    expect(gate.decide(first)).toEqual({ kind: 'apply' })
    gate.refuse(first)
    expect(gate.decide(arrival(placement(2, 'a', 2)))).toEqual({ kind: 'park', reason: 'behind_parked' })
    expect(gate.decide(arrival(placement(3, 'b', 1)))).toEqual({ kind: 'apply' })
  })

  it('given a store that does not hold aggregates, only the refused event itself stays behind', () => {
    const gate = createGate(userId, { seen: 0, slots: [] }, { holdAggregates: false })
    expect(gate.decide(arrival(placement(1, 'a', 1), { kind: 'park', reason: 'undecodable' })).kind).toBe(
      'park',
    )
    expect(gate.decide(arrival(placement(2, 'a', 2)))).toEqual({ kind: 'apply' })
  })
})
