import type { SynapEvent } from '@synap/contracts'
import { sha256Hex } from '@synap/core'
import { type EntityState, evolveEntity } from '@synap/domain'

/** Rows of a user, as plain data that can be compared. */
export interface Rows {
  entities: Record<string, unknown>
  tags: Record<string, unknown>
  relations: Record<string, unknown>
  settings: unknown
  purged: string[]
}

/**
 * The fold a second time, one event after the other and with no regard for speed: what the read model must hold,
 * wherever its batches began and ended.
 */
export function foldPlainly(events: readonly SynapEvent[]): Rows {
  const states = new Map<string, EntityState>()
  const deletedAt = new Map<string, number>()
  const links = new Map<string, Map<string, unknown>>()
  const rows: Rows = { entities: {}, tags: {}, relations: {}, settings: null, purged: [] }
  const name = (tagId: string, text: string) => {
    rows.tags[tagId] = { color: null, ...(rows.tags[tagId] as object | undefined), name: text }
  }
  for (const event of events) {
    const { aggregateId: id } = event
    if (event.aggregateType === 'entity') {
      const before = states.get(id)
      const state = evolveEntity(before, event)
      states.set(id, state)
      if (!state.deleted) deletedAt.delete(id)
      else if (!deletedAt.has(id)) deletedAt.set(id, event.occurredAt)
      const own = links.get(id) ?? new Map<string, unknown>()
      links.set(id, own)
      if (event.type === 'entity.tag_added') {
        name(event.delta.tagId, event.delta.name)
        own.set(event.delta.tagId, { by: 'user', eventId: event.id })
      }
      if (event.type === 'entity.tag_removed') own.delete(event.delta.tagId)
      if (event.type === 'ai.enrichment_applied') {
        for (const tag of event.delta.tagsAdded) {
          name(tag.tagId, tag.name)
          const { model, promptVersion, offline } = event.delta
          const provenance = {
            by: 'ai',
            eventId: event.id,
            model,
            promptVersion,
            offline,
            confidence: tag.confidence,
          }
          if (!own.has(tag.tagId)) own.set(tag.tagId, provenance)
        }
      }
      if (event.type === 'entity.purged') {
        states.delete(id)
        links.delete(id)
        rows.purged.push(id)
        for (const [relation, ends] of Object.entries(rows.relations)) {
          if (Object.values(ends as object).includes(id)) delete rows.relations[relation]
        }
      }
    }
    if (event.type === 'relation.created' || event.type === 'relation.deleted') {
      const { type, sourceId, targetId } = event.delta
      const deleted = event.type === 'relation.deleted'
      const gone = rows.purged.includes(sourceId) || rows.purged.includes(targetId)
      if (!gone)
        rows.relations[id] = { type, source: sourceId, target: targetId, deleted, version: event.version }
    }
    if (event.type === 'user.erased') {
      for (const all of [states, links, deletedAt]) all.clear()
      Object.assign(rows, { entities: {}, tags: {}, relations: {}, settings: null })
      rows.purged.push(event.userId)
    }
    if (event.type === 'tag.renamed') name(event.delta.tagId, event.delta.name)
    if (event.type === 'tag.recolored') {
      const before = rows.tags[event.delta.tagId] as object | undefined
      rows.tags[event.delta.tagId] = { name: '', ...before, color: event.delta.color }
    }
    if (event.type === 'tag.merged') {
      const { tagId, intoId, intoName } = event.delta
      name(intoId, intoName)
      delete rows.tags[tagId]
      for (const own of links.values()) {
        const moved = own.get(tagId)
        if (own.delete(tagId) && !own.has(intoId)) own.set(intoId, moved)
      }
    }
    if (event.type === 'user.settings_changed') {
      rows.settings = { timeZone: event.delta.timeZone, language: event.delta.language }
    }
  }
  for (const [id, state] of states) {
    const { tags: _, aggregate: _aggregate, id: _id, purged: _purged, ...rest } = state
    rows.entities[id] = {
      ...rest,
      deletedAt: deletedAt.get(id) ?? null,
      subject: state.content?.sha256 ?? (state.title === null ? null : sha256Hex(state.title)),
      tags: Object.fromEntries(links.get(id) ?? []),
    }
  }
  rows.purged.sort()
  return rows
}
