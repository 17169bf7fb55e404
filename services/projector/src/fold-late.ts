import type { EntityState, TagState } from '@synap/domain'
import {
  type EventEffect,
  type Foldable,
  foldEvents,
  type OwnedEntity,
  type States,
  type TagName,
} from './fold-events.ts'

/** A merge of tags, and its place among the user's events. */
export interface Merge {
  userId: string
  sequence: number
  tagId: TagState['id']
  intoId: TagState['id']
}

/** What a merge took off an entity. */
export interface MergedTag {
  entityId: string
  userId: string
  /** Of the merge. */
  sequence: number
  /** Of the tag that is gone. */
  provenance: TagState['provenance']
  /** The entity had the other tag, too. */
  hadBoth: boolean
}

/** What late events come to, and what the merges after them have taken off their entities. */
export interface LateEffect {
  entities: readonly OwnedEntity[]
  tagNames: readonly TagName[]
  merged: readonly MergedTag[]
}

/** Splits off the events of entities of which one comes after a merge of tags that it was before. */
export function splitLate(
  events: readonly Foldable[],
  merges: readonly Merge[],
): { inTime: readonly Foldable[]; late: ReadonlyMap<string, readonly Foldable[]> } {
  const late = new Map<string, Foldable[]>()
  if (merges.length === 0) return { inTime: events, late }
  const last = new Map<string, number>()
  for (const { userId, sequence } of merges) last.set(userId, Math.max(sequence, last.get(userId) ?? 0))
  for (const { aggregateId, aggregateType, userId, sequence } of events) {
    if (aggregateType === 'entity' && sequence < (last.get(userId) ?? 0)) late.set(aggregateId, [])
  }
  for (const event of events) late.get(event.aggregateId)?.push(event)
  return { inTime: events.filter(({ aggregateId }) => !late.has(aggregateId)), late }
}

/**
 * Folds late events as if they had come in their place: what the merges behind them did to their entities (`merged`) is taken back,
 * and done again where it belongs.
 */
export function foldLate(
  before: States,
  late: ReadonlyMap<string, readonly Foldable[]>,
  merges: readonly Merge[],
  merged: readonly MergedTag[],
): LateEffect {
  const inOrder = merges.toSorted((a, b) => a.sequence - b.sequence)
  const effect = { entities: [] as OwnedEntity[], tagNames: [] as TagName[], merged: [] as MergedTag[] }
  for (const [entityId, events] of late) {
    const [first] = events
    if (first === undefined) continue
    const { userId, sequence } = first
    const behind = inOrder.filter((merge) => merge.userId === userId && merge.sequence > sequence)
    const own = merged.filter((row) => row.entityId === entityId)
    const folded = foldBetween(before, entityId, events, behind, own)
    if (folded.entity !== undefined) {
      effect.entities.push(folded.entity)
      effect.merged.push(...folded.merged)
    }
    const isGone = (tag: TagName) =>
      behind.some((merge) => merge.tagId === tag.tagId && merge.sequence > tag.sequence)
    effect.tagNames.push(...folded.tagNames.filter((tag) => !isGone(tag)))
  }
  return effect
}

/** One entity's events with the merges in between; no entity when nothing of it moved. */
function foldBetween(
  before: States,
  entityId: string,
  events: readonly Foldable[],
  merges: readonly Merge[],
  own: readonly MergedTag[],
): { entity: OwnedEntity | undefined; tagNames: TagName[]; merged: MergedTag[] } {
  const stored = before.entities.get(entityId)
  let entity = stored === undefined ? undefined : { ...stored, state: takeBack(stored.state, merges, own) }
  const tagNames: TagName[] = []
  let hasMoved = false
  const fold = (some: readonly Foldable[]) => {
    if (some.length === 0) return
    const entities: States['entities'] = new Map(entity === undefined ? [] : [[entityId, entity]])
    const effect: EventEffect = foldEvents({ ...before, entities }, some)
    entity = effect.entities[0] ?? entity
    hasMoved ||= effect.entities.length > 0
    tagNames.push(...effect.tagNames)
  }
  const merged: MergedTag[] = []
  const last = events.at(-1)?.sequence ?? 0
  let from = 0
  for (const merge of merges) {
    let to = from
    while ((events[to]?.sequence ?? Infinity) < merge.sequence) to += 1
    fold(events.slice(from, to))
    from = to
    if (entity === undefined) continue
    const { tags, taken } = moveTag(entity.state.tags, merge)
    if (taken === undefined) continue
    entity = { ...entity, state: { ...entity.state, tags } }
    // One that another event will be late for: only what comes after the last of them can be.
    if (merge.sequence > last) {
      const { userId, sequence } = merge
      merged.push({ entityId, userId, sequence, ...taken })
    }
  }
  fold(events.slice(from))
  return { entity: hasMoved ? entity : undefined, tagNames, merged }
}

/** The tags after a merge, and what it took off; nothing when the tag was not among them. */
function moveTag(
  tags: EntityState['tags'],
  { tagId, intoId }: Merge,
): { tags: EntityState['tags']; taken?: Pick<MergedTag, 'provenance' | 'hadBoth'> } {
  const moved = tags.find(({ id }) => id === tagId)
  if (moved === undefined) return { tags }
  const others = tags.filter(({ id }) => id !== tagId)
  const hadBoth = others.some(({ id }) => id === intoId)
  const taken = { provenance: moved.provenance, hadBoth }
  return { tags: hadBoth ? others : [...others, { ...moved, id: intoId }], taken }
}

/** The state without what these merges did to it, the last one first. */
function takeBack(state: EntityState, merges: readonly Merge[], own: readonly MergedTag[]): EntityState {
  let { tags } = state
  for (const { sequence, tagId, intoId } of merges.toReversed()) {
    const row = own.find((one) => one.sequence === sequence)
    if (row === undefined) continue
    const others = row.hadBoth ? tags : tags.filter(({ id }) => id !== intoId)
    tags = [...others, { id: tagId, name: '', provenance: row.provenance }]
  }
  return tags === state.tags ? state : { ...state, tags }
}
