import type { AggregateId, UserId } from '@synap/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { breachesOf } from '../test/invariants.ts'
import { runs, type Step } from '../test/steps.ts'
import { timeless } from '../test/streams.ts'
import { type Outcome, World } from '../test/world.ts'
import { fold } from './evolve.ts'
import type { AggregateState } from './state.ts'

const users = ['01890000-0000-7000-8000-0000000000b1', '01890000-0000-7000-8000-0000000000b2'] as UserId[]

/** Two users, and what is looked at before and after each step of one of them. */
function live(
  sequence: readonly (readonly [number, Step])[],
  look: (before: World, after: World, outcome: Outcome, step: Step) => void = () => {},
): readonly World[] {
  const worlds = users.map((userId) => new World(userId))
  for (const [who, step] of sequence) {
    const [world, other] = [worlds[who] as World, worlds[1 - who] as World]
    const before = world.fork()
    const foreign = other.log.length
    const outcome = step.run(world, other)
    expect(other.log).toHaveLength(foreign)
    if (outcome !== undefined) look(before, world, outcome, step)
  }
  return worlds
}

describe('any sequence of commands of two users', () => {
  it('given any command, what it adds breaks no rule', () => {
    fc.assert(
      fc.property(runs, (sequence) => {
        live(sequence, (before, after, _, step) => {
          const breaches = breachesOf(before, after)
          expect(breaches.map((breach) => `${step.name}: ${breach}`)).toEqual([])
        })
      }),
      { numRuns: 300 },
    )
  })

  it('given any command, it is accepted with events, or refused with a reason, and then nothing is written', () => {
    fc.assert(
      fc.property(runs, (sequence) => {
        live(sequence, (before, after, outcome) => {
          const added = after.log.length - before.log.length
          if (outcome.outcome === 'accepted') {
            expect(added).toBe(outcome.events.length)
            expect(added).toBeGreaterThan(0)
            const written = new Set(outcome.events.map(({ aggregateId }) => aggregateId))
            expect(outcome.aggregates.map(({ id }) => id)).toEqual([...written].sort())
            expect(outcome.reads.filter(({ id }) => written.has(id))).toEqual([])
            return
          }
          expect(added).toBe(0)
          if (outcome.outcome === 'refused') {
            expect(outcome.code).toMatch(/^[a-z]+\.[a-z_]+$/)
            expect(outcome.message).toMatch(/^[A-Z].{15,}\.$/s)
          }
        })
      }),
      { numRuns: 100 },
    )
  })

  it('given any history, completed is done, and what is stored is the fold of the log from any point on', () => {
    fc.assert(
      fc.property(runs, fc.nat(), (sequence, at) => {
        for (const world of live(sequence)) {
          for (const [id, state] of world.states) {
            expect(refolded(world, id, at)).toEqual(state)
            expect(refolded(world, id, 0)).toEqual(state)
            if (state.aggregate !== 'entity') continue
            const { task } = state.particulars
            expect(task?.status === 'done').toBe(task !== undefined && task.completedBy !== null)
          }
        }
      }),
      { numRuns: 100 },
    )
  })

  it('given any accepted command, the state it says is the one that its events fold to', () => {
    fc.assert(
      fc.property(runs, (sequence) => {
        live(sequence, (_, after, outcome) => {
          if (outcome.outcome !== 'accepted') return
          for (const { id, state } of outcome.aggregates) {
            expect(timeless(state)).toEqual(timeless(after.states.get(id) as AggregateState))
          }
        })
      }),
      { numRuns: 100 },
    )
  })
})

/** Folded in two parts, the first one through storage. */
function refolded(world: World, id: AggregateId, at: number): AggregateState | undefined {
  const history = world.historyOf(id)
  const cut = at % history.length
  const stored = fold(history.slice(0, cut))
  const loaded = stored === undefined ? undefined : (JSON.parse(JSON.stringify(stored)) as AggregateState)
  return fold(history.slice(cut), loaded)
}
