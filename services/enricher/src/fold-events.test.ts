import { enricherVersion } from '@synap/contracts'
import type { TagId } from '@synap/core'
import { sha256Hex } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { createHistory, newEntity } from '../test/events.ts'
import { analysisIdOf, foldEvents } from './fold-events.ts'

const nothingKnown = new Map()

describe('foldEvents', () => {
  it('given a capture with content, when folded, then one job reads the content as of its version', () => {
    const { created, uploaded } = createHistory()
    const id = newEntity()
    const { jobs, entities } = foldEvents(nothingKnown, [created(id, 'Milk'), uploaded(id, 'Buy milk')])
    const hash = sha256Hex('Buy milk')
    expect(jobs).toHaveLength(1)
    expect(jobs[0]).toMatchObject({
      entityId: id,
      contentHash: hash,
      run: 0,
      enricherVersion,
      analysisId: analysisIdOf(id, hash, enricherVersion),
      source: { kind: 'content', fileType: 'markdown', size: 8 },
      basedOnVersion: 2,
      sequence: 2,
      capturedAt: Date.parse('2026-11-18T14:30:02.000Z'),
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      reopens: true,
    })
    expect(entities).toHaveLength(1)
  })

  it('given a time zone that came with a text, when folded, then its job has it, and a text that comes without has none', () => {
    const { created, uploaded, event } = createHistory()
    const [note, thought] = [newEntity(), newEntity()]
    const zones = (events: Parameters<typeof foldEvents>[1]) =>
      foldEvents(nothingKnown, events).jobs.map(({ timeZone }) => timeZone)
    const captured = [
      created(note, null, 'Asia/Tokyo'),
      uploaded(note, 'Buy milk tomorrow', 'markdown', 'Asia/Tokyo'),
    ]
    expect(zones(captured)).toEqual(['Asia/Tokyo'])
    expect(zones([...captured, uploaded(note, 'Buy tea tomorrow')])).toEqual([null])
    const titled = [created(thought, 'Call Ana tomorrow', 'Asia/Tokyo')]
    expect(zones(titled)).toEqual(['Asia/Tokyo'])
    const renamed = event('entity.title_changed', thought, {
      title: 'Call Ben tomorrow',
      oldTitle: 'Call Ana tomorrow',
    })
    expect(zones([...titled, renamed])).toEqual([null])
  })

  it('given a deletion taken back, when folded, then the job has the time zone that the item was captured in', () => {
    const { created, uploaded, event } = createHistory()
    const id = newEntity()
    const before = foldEvents(nothingKnown, [
      created(id, null, 'Asia/Tokyo'),
      uploaded(id, 'Buy milk tomorrow', 'markdown', 'Asia/Tokyo'),
      event('entity.deleted', id, {}),
    ])
    const known = new Map(before.entities.map((entity) => [entity.entityId as string, entity]))
    expect(foldEvents(known, [event('entity.restored', id, {})]).jobs).toMatchObject([
      { timeZone: 'Asia/Tokyo' },
    ])
  })

  it('given a title alone, when folded, then its job reads the title', () => {
    const { created } = createHistory()
    const { jobs } = foldEvents(nothingKnown, [created(newEntity(), 'Buy milk')])
    expect(jobs[0]).toMatchObject({
      contentHash: sha256Hex('Buy milk'),
      source: { kind: 'title', title: 'Buy milk' },
    })
    expect(foldEvents(nothingKnown, [created(newEntity()), created(newEntity(), '  ')]).jobs).toEqual([])
  })

  it('given content replaced twice, when folded, then only the last is worth a job', () => {
    const { created, uploaded } = createHistory()
    const id = newEntity()
    const { jobs, superseded } = foldEvents(nothingKnown, [
      created(id),
      uploaded(id, 'one'),
      uploaded(id, 'two'),
    ])
    expect(jobs.map(({ contentHash }) => contentHash)).toEqual([sha256Hex('two')])
    expect(superseded).toContain(id)
  })

  it('given what AI itself did, when folded, then nothing is asked for', () => {
    const { created, uploaded, event } = createHistory()
    const id = newEntity()
    const before = foldEvents(nothingKnown, [created(id), uploaded(id, 'Buy milk')])
    const known = new Map(before.entities.map((entity) => [entity.entityId as string, entity]))
    const applied = event('ai.enrichment_applied', id, {
      analysisId: analysisIdOf(id, sha256Hex('Buy milk'), enricherVersion),
      contentHash: sha256Hex('Buy milk'),
      model: 'm',
      promptVersion: 'p',
      offline: true,
      title: { value: 'Buy milk', old: null, confidence: 0.7 },
      type: { value: 'task', old: 'note', confidence: 0.9 },
      summary: null,
      people: null,
      language: null,
      status: null,
      priority: null,
      due: null,
      tagsAdded: [],
      suggestions: [],
    })
    const { jobs, entities } = foldEvents(known, [applied])
    expect(jobs).toEqual([])
    expect(entities[0]).toMatchObject({ type: 'task', title: 'Buy milk' })
  })

  it('given a new title of an item with content, when folded, then nothing is asked for', () => {
    const { created, uploaded, event } = createHistory()
    const id = newEntity()
    const events = [
      created(id),
      uploaded(id, 'x'),
      event('entity.title_changed', id, { title: 'T', oldTitle: null }),
    ]
    const known = new Map(
      foldEvents(nothingKnown, events.slice(0, 2)).entities.map((e) => [e.entityId as string, e]),
    )
    expect(foldEvents(known, events.slice(2)).jobs).toEqual([])
  })

  it('given a deletion or a purge in the same batch, when folded, then there is no job', () => {
    const { created, uploaded, event } = createHistory()
    const [deleted, purged] = [newEntity(), newEntity()]
    const batch = foldEvents(nothingKnown, [
      created(deleted),
      uploaded(deleted, 'a'),
      event('entity.deleted', deleted, {}),
      created(purged),
      uploaded(purged, 'b'),
      event('entity.purged', purged, {}),
    ])
    expect(batch.jobs).toEqual([])
    expect(batch.deleted).toEqual([deleted])
    expect(batch.purged.map(({ entityId }) => entityId)).toEqual([purged])
    expect(batch.entities.map(({ entityId }) => entityId)).toEqual([deleted])
  })

  it('given tags, a time zone and a request, when folded, then each is there', () => {
    const { userId, created, event } = createHistory()
    const id = newEntity()
    const tagId = newEntity() as unknown as TagId
    const analysisId = analysisIdOf(id, sha256Hex('x'), '1')
    const batch = foldEvents(nothingKnown, [
      created(id),
      event('entity.tag_added', id, { tagId, name: 'Errands' }),
      event('user.settings_changed', userId, {
        timeZone: 'Europe/Berlin',
        oldTimeZone: null,
        language: null,
        oldLanguage: null,
      }),
      event('ai.analysis_requested', analysisId, {
        entityId: id,
        contentHash: sha256Hex('x'),
        enricherVersion: '1',
        run: 3,
      }),
    ])
    expect(batch.tags).toEqual([{ userId, tagId, name: 'Errands', uses: 1, entityId: id, mergedInto: null }])
    expect([...batch.timeZones]).toEqual([[userId, 'Europe/Berlin']])
    expect(batch.requested[0]).toMatchObject({ entityId: id, run: 3, analysisId })
  })
})
