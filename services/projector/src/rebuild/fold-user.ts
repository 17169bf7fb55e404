import type { EventOf, SynapEvent } from '@synap/contracts'
import { errorClass, type UserId } from '@synap/core'
import type { EntityState, RelationState } from '@synap/domain'
import { toKnownEvent } from '@synap/event-log'
import {
  type Foldable,
  foldEntityEvent,
  foldEvents,
  type Owned,
  type OwnedEntity,
  type Settings,
  tagsNamedBy,
} from '../fold-events.ts'
import type { FoldedEvent } from './read-events.ts'

/** A row of `tags`. */
export interface TagRow {
  tagId: string
  userId: string
  name: string
  nameSequence: number
  color: string | null
  colorSequence: number
}

/** What is gone for good: an entity, or the user. */
export interface PurgedRow {
  subjectId: string
  userId: string
  sequence: number
}

/** Where finished rows go. */
export interface FoldSink {
  entity: (entity: OwnedEntity) => void
  relation: (relation: Owned<RelationState>) => void
  settings: (settings: Settings) => void
  tag: (tag: TagRow) => void
  purged: (row: PurgedRow) => void
}

export interface UserFold {
  /** The user's events, in the order of `readEvents`; `schema` is the one an event was written with. */
  add: (event: FoldedEvent, schema: string) => void
  /** The last rows. Answers the lowest sequence that cannot be folded. */
  finish: () => number | undefined
}

/**
 * Folds one user's events, aggregate by aggregate, with the fold of the projector, and hands over each row when it is
 * final. An aggregate is all that is held at once, and of the user the tags, the settings and what was purged. What one
 * aggregate does to all others (a tag that is merged, the erasure of the user) is known before they come.
 */
export function createUserFold(userId: UserId, discarded: ReadonlySet<number>, sink: FoldSink): UserFold {
  const user: UserSoFar = {
    userId,
    tags: createTags(userId),
    merges: [],
    purged: new Set(),
    erasedAt: 0,
    settings: undefined,
  }
  let refusedFrom: number | undefined
  let id = ''
  let run: Foldable[] = []

  const refuse = (sequence: number) => {
    refusedFrom = Math.min(refusedFrom ?? sequence, sequence)
  }
  const end = () => {
    const [first] = run
    if (first === undefined) return
    try {
      foldAggregate(user, run, first, sink)
    } catch (error) {
      if (errorClass(error) !== 'data') throw error
      // Which of them it was is found by the inbox: from the aggregate's first on, they come by the way of all events.
      refuse(first.sequence)
    } finally {
      run = []
    }
  }

  return {
    add(event, schema) {
      if (event.aggregateId !== id) end()
      id = event.aggregateId
      if (discarded.has(event.sequence)) return
      const known = toKnownEvent(event, schema)
      if (known === undefined) return refuse(event.sequence)
      if (known.type === 'user.erased') run = []
      const foldable = takeSweep(user, known, sink)
      if (foldable !== undefined) run.push(foldable)
    },
    finish() {
      end()
      for (const tag of user.tags.rows()) sink.tag(tag)
      if (user.settings !== undefined) sink.settings(user.settings)
      return refusedFrom
    },
  }
}

/** What is known of a user besides the aggregate that is being folded. */
interface UserSoFar {
  userId: UserId
  tags: ReturnType<typeof createTags>
  merges: EventOf<'tag.merged'>[]
  purged: Set<string>
  /** Sequence of the last erasure; 0 = none. */
  erasedAt: number
  settings: Settings | undefined
}

/** Notes an event that is about many aggregates; answers any other that still counts. */
function takeSweep(user: UserSoFar, event: SynapEvent, sink: FoldSink): Foldable | undefined {
  const { userId } = user
  const { sequence } = event
  if (sequence < user.erasedAt) {
    // Of what was before an erasure only this stays: late derived records of it are dropped.
    if (event.type === 'entity.purged') sink.purged({ subjectId: event.aggregateId, userId, sequence })
    return undefined
  }
  if (event.type === 'tag.merged') {
    user.merges.push(event)
    user.tags.merged(event)
    return undefined
  }
  if (event.type !== 'user.erased') return event
  if (user.erasedAt === 0) sink.purged({ subjectId: userId, userId, sequence })
  user.erasedAt = sequence
  user.merges = []
  user.settings = undefined
  user.tags.clear()
  return undefined
}

function foldAggregate(user: UserSoFar, run: readonly Foldable[], first: Foldable, sink: FoldSink): void {
  const { userId, tags, merges, purged } = user
  if (first.aggregateType === 'entity') {
    const entity = foldEntity(run, merges, tags.named)
    if (entity?.state.purged !== true) {
      if (entity !== undefined) sink.entity(entity)
      return
    }
    purged.add(entity.state.id)
    sink.purged({ subjectId: entity.state.id, userId, sequence: entity.state.sequence ?? 0 })
    return
  }
  const effect = foldEvents({ entities: new Map(), relations: new Map(), purged }, run)
  for (const tag of effect.tagNames) tags.named(tag)
  for (const tag of effect.tagColors) tags.colored(tag)
  user.settings = effect.settings.at(-1) ?? user.settings
  for (const relation of effect.relations) {
    const { source, target } = relation.state
    if (!purged.has(source) && !purged.has(target)) sink.relation(relation)
  }
}

/** One entity's events, with the merges of tags in between where they happened. */
function foldEntity(
  events: readonly Foldable[],
  merges: readonly EventOf<'tag.merged'>[],
  named: (tag: { tagId: string; name: string; sequence: number }) => void,
): OwnedEntity | undefined {
  let entity: OwnedEntity | undefined
  const apply = (part: readonly Foldable[]) => {
    for (const event of part) {
      const next = event.aggregateType === 'entity' ? foldEntityEvent(entity, event) : undefined
      if (next === undefined) continue
      entity = next
      for (const tag of tagsNamedBy(event)) named({ ...tag, sequence: event.sequence })
    }
  }
  let from = 0
  for (const merge of merges) {
    let to = from
    while ((events[to]?.sequence ?? Infinity) < merge.sequence) to += 1
    apply(events.slice(from, to))
    from = to
    if (entity !== undefined) entity = { ...entity, state: mergeTagOf(entity.state, merge) }
  }
  apply(from === 0 ? events : events.slice(from))
  return entity
}

function mergeTagOf(state: EntityState, { delta }: EventOf<'tag.merged'>): EntityState {
  const moved = state.tags.find(({ id }) => id === delta.tagId)
  if (moved === undefined) return state
  const others = state.tags.filter(({ id }) => id !== delta.tagId)
  if (others.some(({ id }) => id === delta.intoId)) return { ...state, tags: others }
  return { ...state, tags: [...others, { ...moved, id: delta.intoId, name: delta.intoName }] }
}

/** The newest name and colour of each tag since it was last merged away; the events come in any order. */
function createTags(userId: string) {
  const names = new Map<string, { name: string; sequence: number }>()
  const colors = new Map<string, { color: string | null; sequence: number }>()
  const gone = new Map<string, number>()
  const keep = <T extends { sequence: number }>(all: Map<string, T>, id: string, one: T) => {
    if ((all.get(id)?.sequence ?? 0) < one.sequence) all.set(id, one)
  }
  return {
    named: ({ tagId, name, sequence }: { tagId: string; name: string; sequence: number }) =>
      keep(names, tagId, { name, sequence }),
    colored: ({ tagId, color, sequence }: { tagId: string; color: string | null; sequence: number }) =>
      keep(colors, tagId, { color, sequence }),
    merged({ delta, sequence }: EventOf<'tag.merged'>) {
      keep(names, delta.intoId, { name: delta.intoName, sequence })
      gone.set(delta.tagId, Math.max(sequence, gone.get(delta.tagId) ?? 0))
    },
    clear() {
      names.clear()
      colors.clear()
      gone.clear()
    },
    *rows(): Generator<TagRow> {
      for (const tagId of new Set([...names.keys(), ...colors.keys()])) {
        const since = gone.get(tagId) ?? 0
        const name = newerThan(names.get(tagId), since)
        const color = newerThan(colors.get(tagId), since)
        if (name === undefined && color === undefined) continue
        yield {
          tagId,
          userId,
          name: name?.name ?? '',
          nameSequence: name?.sequence ?? 0,
          color: color?.color ?? null,
          colorSequence: color?.sequence ?? 0,
        }
      }
    },
  }
}

function newerThan<T extends { sequence: number }>(one: T | undefined, sequence: number): T | undefined {
  return one !== undefined && one.sequence > sequence ? one : undefined
}
