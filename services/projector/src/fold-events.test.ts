import type { EntityId } from '@synap/core'
import { uuidv7 } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { createRandom, RandomUser } from '../test/random-events.ts'
import { type Foldable, foldEvents, type States, segmentsOf } from './fold-events.ts'

const nothing = (): States => ({ entities: new Map(), relations: new Map(), purged: new Set() })

describe('folding events', () => {
  const user = new RandomUser(createRandom(1))
  const id = uuidv7() as EntityId
  const created = user.event('entity.created', id, { type: 'note', title: 'a', timeZone: null }) as Foldable
  const renamed = user.event('entity.title_changed', id, { title: 'b', oldTitle: 'a' }) as Foldable
  const deleted = user.event('entity.deleted', id, {}) as Foldable
  const after = (...events: Foldable[]): States => {
    const { entities } = foldEvents(nothing(), events)
    return { ...nothing(), entities: new Map(entities.map((entity) => [entity.state.id, entity])) }
  }

  it('given events that the state has behind it, nothing moves', () => {
    expect(foldEvents(after(created, renamed), [created, renamed]).entities).toEqual([])
    const [entity] = foldEvents(after(created), [created, renamed, renamed]).entities
    expect(entity?.state).toMatchObject({ title: 'b', version: 2 })
  })

  it('given a version that was discarded, the later ones count', () => {
    const [entity] = foldEvents(after(created), [deleted]).entities
    expect(entity?.state).toMatchObject({ title: 'a', deleted: true, version: 3 })
    expect(entity?.deletedAt).toBe(deleted.occurredAt)
  })

  it('given an entity without its first event, it is refused as data; one that was purged is left alone', () => {
    expect(() => foldEvents(nothing(), [renamed])).toThrow(expect.objectContaining({ class: 'data' }))
    expect(foldEvents({ ...nothing(), purged: new Set([id]) }, [renamed]).entities).toEqual([])
  })

  it('given sweeps between events, runs end before and begin after them', () => {
    const merged = user.event('tag.merged', user.userId, {
      tagId: uuidv7(),
      name: 'a',
      intoId: uuidv7(),
      intoName: 'b',
    })
    expect(segmentsOf([created, renamed, merged, deleted])).toEqual([[created, renamed], merged, [deleted]])
  })
})
