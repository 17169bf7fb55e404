import type { JsonObject } from '@synap/contracts'
import type { UserId } from '@synap/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runs } from '../../test/steps.ts'
import { valuesOf, World } from '../../test/world.ts'
import type { FoldEvent } from '../event.ts'
import { fold } from '../evolve.ts'
import type { Path } from '../kinds/kind.ts'
import type { AggregateState } from '../state.ts'
import { touchedBy } from './touched.ts'
import { whyNotUndoable } from './undo.ts'

const users = ['01890000-0000-7000-8000-0000000000b1', '01890000-0000-7000-8000-0000000000b2'] as UserId[]

/** The first of two users after any life. */
const lives = runs.map((sequence) => {
  const worlds = users.map((userId) => new World(userId))
  for (const [who, step] of sequence) step.run(worlds[who] as World, worlds[1 - who] as World)
  return worlds[0] as World
})

/** Each event of a life, undone in a world of its own. */
function eachUndo(
  world: World,
  look: (event: FoldEvent, undone: World, outcome: ReturnType<World['undo']>) => void,
): void {
  for (const event of world.log) {
    const undone = world.fork()
    look(event, undone, undone.undo(event))
  }
}

describe('undo', () => {
  it('given any event of any life, what it changed is as it was before it, and nothing else is touched', () => {
    fc.assert(
      fc.property(lives, (world) => {
        eachUndo(world, (event, undone, outcome) => {
          if (outcome.outcome !== 'accepted') return
          const paths = touchedBy(event, world.user())
          const before = world.historyOf(event.aggregateId).slice(0, event.version - 1)
          // A merged tag is taken off under two ids: the second is gone with the first.
          const wanted = wantedAfter(event, valuesAt(fold(before), undone, paths, event))
          expect(
            valuesAt(undone.states.get(event.aggregateId), undone, paths, event),
            said(undone, event),
          ).toEqual(wanted)
          const touched = new Set(outcome.events.map(({ aggregateId }) => aggregateId))
          expect([...touched]).toEqual([event.aggregateId])
          expect(outcome.events.every(({ causationId }) => causationId === event.id)).toBe(true)
        })
      }),
      { numRuns: 100 },
    )
  })

  it('given any event of any life, it names everything that it changes', () => {
    fc.assert(
      fc.property(lives, (world) => {
        for (const event of world.log) {
          if (event.type === 'entity.purged' || event.type === 'user.erased') continue
          const history = world.historyOf(event.aggregateId)
          const [before, after] = [event.version - 1, event.version].map((end) =>
            allValues(fold(history.slice(0, end)), world),
          ) as [JsonObject, JsonObject]
          const named = new Set(touchedBy(event, world.user()).map((path) => nameOf(path)))
          // What was not there has begun with its kind, and what it then is says no more than that.
          const changed = Object.keys(after).filter(
            (name) => name in before && JSON.stringify(after[name]) !== JSON.stringify(before[name]),
          )
          const unnamed = changed.filter((name) => !named.has(name === 'preview' ? 'content' : name))
          expect(unnamed, said(world, event)).toEqual([])
        }
      }),
      { numRuns: 100 },
    )
  })

  it('given an undo, undoing what it wrote, the last first, gives back what was there before it', () => {
    fc.assert(
      fc.property(lives, (world) => {
        eachUndo(world, (event, undone, outcome) => {
          if (outcome.outcome !== 'accepted') return
          const written = undone.log.slice(world.log.length).reverse()
          if (written.some(({ type }) => whyNotUndoable(type) !== undefined)) return
          for (const undoing of written) {
            const again = undone.undo(undoing)
            if (again.outcome === 'refused' && again.code === 'relation.end_not_found') return
            // A tag that was merged is taken off under two ids; putting it back under one is enough.
            if (undoing.type === 'entity.tag_removed') continue
            expect(again, said(undone, undoing)).toMatchObject({ outcome: 'accepted' })
          }
          const id = event.aggregateId
          expect(allValues(undone.states.get(id), undone), said(undone, event)).toEqual(
            allValues(world.states.get(id), world),
          )
        })
      }),
      { numRuns: 100 },
    )
  })

  it('given changes that are undone one after the other, the last first, none of them stands in the way of the one before', () => {
    let further = 0
    fc.assert(
      fc.property(lives, (world) => {
        for (const id of new Set(world.log.map(({ aggregateId }) => aggregateId))) {
          const undone = world.fork()
          const history = world.historyOf(id)
          for (const event of [...history].reverse()) {
            // What AI set is not replaced by what it had set before: that stays in the way.
            if (event.type === 'ai.enrichment_applied') break
            const outcome = undone.undo(event)
            if (outcome.outcome !== 'accepted') {
              if (outcome.outcome === 'refused')
                expect(outcome.code, said(undone, event)).not.toBe('undo.conflict')
              break
            }
            if (event !== history.at(-1)) further += 1
            const paths = touchedBy(event, undone.user())
            const before = fold(history.slice(0, event.version - 1))
            expect(valuesAt(undone.states.get(id), undone, paths, event), said(undone, event)).toEqual(
              wantedAfter(event, valuesAt(before, undone, paths, event)),
            )
          }
        }
      }),
      { numRuns: 40 },
    )
    expect(further).toBeGreaterThan(50)
  })

  it('given something later that stands on an event, it is refused and says which', () => {
    let conflicts = 0
    fc.assert(
      fc.property(lives, (world) => {
        eachUndo(world, (event, _, outcome) => {
          if (outcome.outcome !== 'refused' || outcome.code !== 'undo.conflict') return
          conflicts += 1
          const later = world.historyOf(event.aggregateId).filter(({ version }) => version > event.version)
          const named = later.find(({ id }) => outcome.message.includes(id))
          expect(named, outcome.message).toBeDefined()
          expect(outcome.message).toContain(named?.type)
          expect(named?.version).toBeGreaterThan(event.version)
        })
      }),
      { numRuns: 100 },
    )
    expect(conflicts).toBeGreaterThan(20)
  })
})

/** What was before an event; where the fold of its aggregate does not know that, what the event says of it. */
function wantedAfter(event: FoldEvent, before: unknown[]): unknown[] {
  // A merged tag is taken off under two ids: the second is gone with the first.
  if (event.type === 'entity.tag_removed') return [true]
  return event.type === 'tag.renamed' ? [event.delta.oldName] : before
}

/** The value that a path is about or lies in. */
function nameOf(path: Path): string {
  const [kind = ''] = path
  return (
    { tag: 'tags', attachment: 'attachments', existence: 'deleted', metadata: kind }[kind] ?? path.join(' ')
  )
}

/** For a failure: the event, and what happened to its aggregate. */
function said(world: World, event: FoldEvent): string {
  const history = world
    .historyOf(event.aggregateId)
    .map(({ version, type, delta }) => ({ version, type, delta }))
  return [event.version, ...history.map((line) => JSON.stringify(line))].join('\n')
}

/** The values at these paths, for an aggregate of any kind. */
function valuesAt(
  state: AggregateState | undefined,
  world: World,
  paths: readonly Path[],
  event: FoldEvent,
): unknown[] {
  const all = allValues(state, world)
  return paths.map((path) => {
    const [kind = '', key = ''] = path
    switch (kind) {
      // AI's summary is refused, whatever was there before it.
      case 'summary':
      case 'language':
        return null
      case 'people':
        return []
      case 'existence':
        return event.type === 'entity.created' ? null : all['deleted']
      case 'tag':
        return (all['tags'] as string[]).includes(key)
      case 'attachment':
        return (all['attachments'] as string[]).includes(key)
      case 'content':
        return [all['content'], all['preview']]
      case 'metadata':
        return { value: at(all['metadata'], path.slice(1)) }
      default:
        return all[path.join(' ')] ?? null
    }
  })
}

function allValues(state: AggregateState | undefined, world: World): JsonObject {
  switch (state?.aggregate) {
    case 'entity':
      return valuesOf(state, world.user())
    case 'relation':
      return { deleted: state.deleted }
    case 'user':
      return {
        timeZone: state.timeZone,
        language: state.language,
        ...Object.fromEntries(
          Object.entries(state.tags).flatMap(([id, { name, color }]) => [
            ...(color === null ? [] : [[`colour of tag ${id}`, color]]),
            ...(name === null ? [] : [[`name of tag ${id}`, name]]),
          ]),
        ),
      }
    default:
      return { deleted: true }
  }
}

function at(value: unknown, path: readonly string[]): unknown {
  const [key, ...rest] = path
  if (key === undefined) return value
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? at((value as JsonObject)[key], rest)
    : undefined
}
