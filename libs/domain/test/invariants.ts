import { deltaSchemaOf } from '@synap/contracts'
import type { AggregateId, EntityId, TagId } from '@synap/core'
import { canonicalTagId, type EntityState, type FoldEvent, normaliseTagName } from '../src/index.ts'
import type { World } from './world.ts'

/**
 * What must hold of the events that one step added, said without the code under test where that is possible. Answers
 * one sentence per breach.
 */
export function breachesOf(before: World, after: World): string[] {
  const added = after.log.slice(before.log.length)
  const running = before.fork()
  const breaches: string[] = []
  for (const event of added) {
    const say = (what: string) => breaches.push(`${event.type} ${event.version}: ${what}`)
    const history = running.historyOf(event.aggregateId)
    if (event.version !== history.length + 1) say(`comes behind version ${history.length}`)
    const problem = deltaSchemaOf(event.type).safeParse(event.delta).error
    if (problem !== undefined) say(`has an invalid delta: ${problem.message}`)
    for (const check of checks) {
      const breach = check(event, running, history)
      if (breach !== undefined) say(breach)
    }
    running.log.push(event)
    const state = after.states.get(event.aggregateId)
    if (state?.version === event.version) running.states.set(event.aggregateId, state)
  }
  return breaches
}

type Check = (event: FoldEvent, world: World, history: readonly FoldEvent[]) => string | undefined

const checks: readonly Check[] = [
  function afterDeletion(event, _, history) {
    if (event.aggregateType !== 'entity') return undefined
    const last = history.findLast(({ type }) => lifecycle.includes(type))?.type
    if (last === 'entity.purged') return 'comes after a purge'
    return last === 'entity.deleted' && event.type !== 'entity.restored' && event.type !== 'entity.purged'
      ? 'comes after a deletion'
      : undefined
  },
  function tagOnce(event, world, history) {
    if (event.type !== 'entity.tag_added' && event.type !== 'ai.enrichment_applied') return undefined
    const tags = tagsAfter(history)
    const ids =
      event.type === 'entity.tag_added'
        ? [event.delta.tagId]
        : event.delta.tagsAdded.map(({ tagId }) => tagId)
    const canonical = (id: TagId) => canonicalTagId(world.user(), id)
    if (new Set(ids.map(canonical)).size !== ids.length) return 'adds a tag twice'
    return ids.some((id) => [...tags].some((tag) => canonical(tag) === canonical(id)))
      ? 'adds a tag that is there'
      : undefined
  },
  function ends(event, world, history) {
    if (event.type !== 'relation.created') return undefined
    const { sourceId, targetId } = event.delta
    if (sourceId === targetId) return 'connects an entity with itself'
    if (history.at(-1)?.type === 'relation.created') return 'is there already'
    return [sourceId, targetId].every((id) => isThere(world, id)) ? undefined : 'has an end that is not there'
  },
  function provenance(event, world) {
    if (event.type !== 'ai.enrichment_applied') return undefined
    const entity = world.states.get(event.aggregateId) as EntityState
    const { tagsAdded, suggestions } = event.delta
    const overwritten = aiFields.filter(
      (field) => event.delta[field] !== null && entity.provenance[field]?.by === 'user',
    )
    if (overwritten.length > 0) return `overwrites what a person set: ${overwritten.join(', ')}`
    const proposed = [
      ...aiFields.map((field) => [field, event.delta[field]?.value] as const),
      ...(event.delta.people?.value ?? []).map((name) => ['people', name] as const),
      ...tagsAdded.map(({ name }) => ['tag', name] as const),
      ...suggestions.map(({ field, value }) => [field, value] as const),
    ].map(([field, value]) => `${field}=${normaliseTagName(String(value))}`)
    const again = proposed.find((proposal) => rejectedIn(world, event.aggregateId).has(proposal))
    return again === undefined ? undefined : `proposes again what was rejected: ${again}`
  },
  function erased(event, _, history) {
    return event.aggregateType === 'user' && history.some(({ type }) => type === 'user.erased')
      ? 'comes after an erasure'
      : undefined
  },
]

const lifecycle: readonly string[] = ['entity.deleted', 'entity.restored', 'entity.purged']
const aiFields = ['title', 'type', 'summary', 'language', 'people', 'status', 'priority', 'due'] as const

function isThere(world: World, id: EntityId): boolean {
  const history = world.historyOf(id)
  const last = history.findLast(({ type }) => lifecycle.includes(type))?.type
  return history.length > 0 && (last === undefined || last === 'entity.restored')
}

/** The ids that were added and not taken off. */
function tagsAfter(history: readonly FoldEvent[]): Set<TagId> {
  const tags = new Set<TagId>()
  for (const event of history) {
    if (event.type === 'entity.tag_added') tags.add(event.delta.tagId)
    if (event.type === 'entity.tag_removed') tags.delete(event.delta.tagId)
    if (event.type === 'ai.enrichment_applied') for (const { tagId } of event.delta.tagsAdded) tags.add(tagId)
  }
  return tags
}

/** What a person rejected, unless a person has set it since (tags). */
function rejectedIn(world: World, id: AggregateId): Set<string> {
  const rejected = new Set<string>()
  for (const event of world.historyOf(id)) {
    if (event.type === 'entity.suggestion_rejected') {
      const { field, value } = event.delta
      // Of people each by themself: whoever was refused among others is not named alone either.
      const values = field === 'people' ? [value, ...value.split(', ')] : [value]
      for (const one of values) rejected.add(`${field}=${normaliseTagName(one)}`)
    }
    if (event.type === 'entity.tag_removed') rejected.add(`tag=${normaliseTagName(event.delta.name)}`)
    if (event.type === 'entity.tag_added') rejected.delete(`tag=${normaliseTagName(event.delta.name)}`)
  }
  return rejected
}
