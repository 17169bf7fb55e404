import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { statesOf, streamOf } from '../test/streams.ts'
import type { FoldEvent } from './event.ts'
import { evolve, fold } from './evolve.ts'
import type { TaskState } from './kinds/task.ts'
import type { EntityState } from './state.ts'

const isDone = (task: TaskState | undefined) => task?.status === 'done'
const isCompleted = (task: TaskState | undefined) => task !== undefined && task.completedBy !== null

describe.each(['entity', 'relation', 'user', 'analysis'] as const)('the fold of %s', (aggregate) => {
  const streams = streamOf(aggregate)

  it('given any stream, folding it in two parts, also through storage, gives the state of the whole', () => {
    fc.assert(
      fc.property(streams, fc.nat(), (events, at) => {
        const cut = at % events.length
        const stored = fold(events.slice(0, cut))
        const loaded =
          stored === undefined ? undefined : (JSON.parse(JSON.stringify(stored)) as typeof stored)
        expect(fold(events.slice(cut), loaded)).toEqual(fold(events))
      }),
    )
  })

  it('given any stream, every state says the version, sequence and time of its last event', () => {
    fc.assert(
      fc.property(streams, (events) => {
        const [first] = events
        statesOf(events).forEach((state, index) => {
          const event = events[index]
          expect(state).toMatchObject({
            aggregate,
            id: event?.aggregateId,
            version: index + 1,
            sequence: event?.sequence,
            updatedAt: event?.occurredAt,
            createdAt: first?.occurredAt,
          })
        })
      }),
    )
  })

  it('given an event twice, left out, or of another aggregate, it is out of order and nothing is folded', () => {
    fc.assert(
      fc.property(streams, (events) => {
        const state = fold(events)
        const last = events.at(-1) as FoldEvent
        const next = { ...last, version: last.version + 1 }
        const wrong = [
          last,
          { ...next, version: last.version + 2 },
          { ...next, aggregateId: last.id as never },
        ]
        for (const event of wrong) {
          expect(() => evolve(state, event)).toThrow(
            expect.objectContaining({ code: 'stream.out_of_order', class: 'order' }),
          )
        }
      }),
    )
  })

  it('given a stream, folding does not change what it is given', () => {
    fc.assert(
      fc.property(streams, (events) => {
        const before = structuredClone(events)
        const states = statesOf(events)
        const copies = structuredClone(states)
        statesOf(events)
        expect(events).toEqual(before)
        expect(states).toEqual(copies)
      }),
    )
  })
})

describe('states of entities', () => {
  it('given any stream, completed is the same as done, and only a task has the particulars of one', () => {
    fc.assert(
      fc.property(streamOf('entity'), (events) => {
        for (const state of statesOf(events) as EntityState[]) {
          const { task } = state.particulars
          expect(isCompleted(task)).toBe(isDone(task))
          if (state.type === 'task' && !state.purged) expect(task).toBeDefined()
        }
      }),
    )
  })

  it('given any stream, a tag is there once, and an attachment too', () => {
    fc.assert(
      fc.property(streamOf('entity'), (events) => {
        for (const { tags, attachments } of statesOf(events) as EntityState[]) {
          expect(new Set(tags.map(({ id }) => id)).size).toBe(tags.length)
          expect(new Set(attachments.map(({ key }) => key)).size).toBe(attachments.length)
        }
      }),
    )
  })

  it('given a purge, nothing of what a person wrote is left in the state', () => {
    fc.assert(
      fc.property(streamOf('entity'), (events) => {
        const purge = {
          ...events[0],
          type: 'entity.purged',
          delta: {},
          version: events.length + 1,
        } as FoldEvent
        expect(evolve(fold(events), purge)).toMatchObject({
          purged: true,
          deleted: true,
          title: null,
          preview: null,
          summary: null,
          content: null,
          attachments: [],
          tags: [],
          particulars: {},
          metadata: {},
          suggestions: [],
          rejected: [],
          provenance: {},
        })
      }),
      { numRuns: 30 },
    )
  })

  it('given a first event that is no creation, or a second creation, it is refused as data', () => {
    fc.assert(
      fc.property(streamOf('entity'), (events) => {
        const [created, second] = events as [FoldEvent, FoldEvent]
        const refused = expect.objectContaining({ code: 'stream.first_event', class: 'data' })
        expect(() => evolve(undefined, { ...second, version: 1 })).toThrow(refused)
        expect(() => evolve(fold([created]), { ...created, version: 2 })).toThrow(refused)
      }),
      { numRuns: 10 },
    )
  })
})
