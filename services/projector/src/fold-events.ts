import type { SynapEvent } from '@synap/contracts'
import { assertNever, type EntityId, SynapError, type TagId, type UserId } from '@synap/core'
import { type EntityState, evolveEntity, evolveRelation, type RelationState } from '@synap/domain'

/** A state and whose it is. */
export interface Owned<State> {
  userId: UserId
  state: State
}

/** What the fold does not keep but a list of deleted things wants: when it was deleted, milliseconds since 1970. */
export interface OwnedEntity extends Owned<EntityState> {
  deletedAt: number | null
}

/** States by id, as the store has them or as a batch has made them. */
export interface States {
  entities: Map<string, OwnedEntity>
  relations: Map<string, Owned<RelationState>>
  /** Entities that are gone for good: nothing brings them back. */
  purged: ReadonlySet<string>
}

export interface TagName {
  tagId: TagId
  userId: UserId
  name: string
  sequence: number
}

export interface TagColor {
  tagId: TagId
  userId: UserId
  color: string | null
  sequence: number
}

export interface Settings {
  userId: UserId
  timeZone: string | null
  language: string | null
  sequence: number
}

/** What a run of events comes to: one change per thing, whatever the number of events. */
export interface EventEffect {
  /** Entities and relations that moved, in their new state. */
  entities: readonly OwnedEntity[]
  relations: readonly Owned<RelationState>[]
  tagNames: readonly TagName[]
  tagColors: readonly TagColor[]
  settings: readonly Settings[]
}

/** Events that change rows of any number of entities; they stand alone between the runs that are folded. */
export type Sweep = Extract<SynapEvent, { type: 'tag.merged' | 'user.erased' }>
export type Foldable = Exclude<SynapEvent, Sweep>
export type EntityEvent = Extract<Foldable, { aggregateType: 'entity' }>

/** Cuts events, in their order, into runs that can be folded in memory and sweeps. */
export function segmentsOf(events: readonly SynapEvent[]): (Sweep | readonly Foldable[])[] {
  const segments: (Sweep | Foldable[])[] = []
  for (const event of events) {
    if (event.type === 'tag.merged' || event.type === 'user.erased') {
      segments.push(event)
      continue
    }
    const last = segments.at(-1)
    if (Array.isArray(last)) last.push(event)
    else segments.push([event])
  }
  return segments
}

/**
 * Folds events onto the states they start from. An event that a state has behind it already changes nothing. A version
 * may be left out (an operator has discarded the event): the inbox decides the order, not this fold.
 */
export function foldEvents(before: States, events: readonly Foldable[]): EventEffect {
  const entities = new Map<string, OwnedEntity>()
  const relations = new Map<string, Owned<RelationState>>()
  const tagNames = new Map<string, TagName>()
  const tagColors = new Map<string, TagColor>()
  const settings = new Map<string, Settings>()

  for (const event of events) {
    const { aggregateId: id, userId, sequence } = event
    switch (event.aggregateType) {
      case 'entity': {
        if (before.purged.has(id)) break
        const entity = foldEntityEvent(entities.get(id) ?? before.entities.get(id), event)
        if (entity === undefined) break
        entities.set(id, entity)
        for (const tag of tagsNamedBy(event)) tagNames.set(tag.tagId, { ...tag, userId, sequence })
        break
      }
      case 'relation': {
        const old = (relations.get(id) ?? before.relations.get(id))?.state
        if (isBehind(old, event)) break
        // Each event of a relation says all of it, so that the first that is seen may be any.
        const first = old === undefined ? { ...event, version: 1 } : event
        const state = evolveRelation(previousOf(old, event), first)
        relations.set(id, { userId, state: { ...state, version: event.version } })
        break
      }
      case 'user':
        if (event.type === 'tag.renamed') {
          const { tagId, name } = event.delta
          tagNames.set(tagId, { tagId, name, userId, sequence })
        } else if (event.type === 'tag.recolored') {
          const { tagId, color } = event.delta
          tagColors.set(tagId, { tagId, color, userId, sequence })
        } else {
          const { timeZone, language } = event.delta
          settings.set(userId, { userId, timeZone, language, sequence })
        }
        break
      case 'analysis':
        // Book-keeping of AI; what came of it arrives as ai.enrichment_applied on the entity.
        break
      default:
        assertNever(event)
    }
  }
  return {
    entities: [...entities.values()],
    relations: [...relations.values()],
    tagNames: [...tagNames.values()],
    tagColors: [...tagColors.values()],
    settings: [...settings.values()],
  }
}

/** An entity after one more of its events; undefined when it has that event behind it already. */
export function foldEntityEvent(old: OwnedEntity | undefined, event: EntityEvent): OwnedEntity | undefined {
  if (isBehind(old?.state, event)) return undefined
  if (old === undefined) assertFirst(event)
  const state = evolveEntity(previousOf(old?.state, event), event)
  const deletedAt = state.deleted ? (old?.deletedAt ?? event.occurredAt) : null
  return { userId: event.userId, state, deletedAt }
}

/** Ids of the aggregates whose states a run of events starts from. */
export function aggregatesOf(events: readonly Foldable[]): { entities: EntityId[]; relations: string[] } {
  const ids = (type: string) =>
    [
      ...new Set(events.filter((event) => event.aggregateType === type).map((event) => event.aggregateId)),
    ].sort()
  return { entities: ids('entity') as EntityId[], relations: ids('relation') }
}

function isBehind(state: { version: number } | undefined, event: { version: number }): boolean {
  return state !== undefined && event.version <= state.version
}

/** An entity whose beginning was discarded cannot be folded: its events are refused as data, and parked. */
function assertFirst(event: Foldable): void {
  if (event.type === 'entity.created' && event.version === 1) return
  throw new SynapError('the first event of an entity is not there', {
    code: 'projection.no_beginning',
    class: 'data',
    fields: { entityId: event.aggregateId, version: event.version },
  })
}

/** The state as `evolve` wants it: at the version before the event's. */
function previousOf<State extends { version: number }>(
  state: State | undefined,
  event: { version: number },
): State | undefined {
  return state === undefined || state.version === event.version - 1
    ? state
    : { ...state, version: event.version - 1 }
}

/** Tags that an event of an entity gives a name to. */
export function tagsNamedBy(event: Foldable): readonly { tagId: TagId; name: string }[] {
  if (event.type === 'entity.tag_added') return [{ tagId: event.delta.tagId, name: event.delta.name }]
  if (event.type === 'ai.enrichment_applied') {
    return event.delta.tagsAdded.map(({ tagId, name }) => ({ tagId, name }))
  }
  return []
}
