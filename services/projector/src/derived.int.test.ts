import type { SynapEvent } from '@synap/contracts'
import { type EntityId, sha256Hex, uuidv7 } from '@synap/core'
import { createPool, type Pool, query, transaction } from '@synap/postgres'
import { createTestDatabase, eventually, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chosen, embedded, extracted, type Subject, tombstone } from '../test/derived-records.ts'
import { createRandom, RandomUser } from '../test/random-events.ts'
import { projectDerived, type ReadDerived } from './project-derived.ts'
import { projectEvents } from './project-events.ts'

const principal = { role: 'synap_projector' }
const schema = 'read_v1'

describe('the projection of derived records', () => {
  let database: TestDatabase
  let pool: Pool
  beforeAll(async () => {
    database = await createTestDatabase(['projector'])
    pool = createPool({ url: database.url, applicationName: 'test' })
  })
  afterAll(async () => {
    await pool.end()
    await database.close()
  })
  const derive = (...records: ReadDerived[]) =>
    transaction(pool, principal, (client) => projectDerived(client, schema, records))
  const project = (...events: SynapEvent[]) =>
    transaction(pool, principal, (client) => projectEvents(client, schema, events))

  /** A user with a note that has content, and the events that made it. */
  const capture = (text = 'Buy milk tomorrow') => {
    const user = new RandomUser(createRandom(1))
    const entityId = uuidv7() as EntityId
    const contentHash = sha256Hex(text)
    const file = { key: `users/${user.userId}/notes/x.md`, sha256: contentHash, size: text.length }
    const more = { contentType: 'text/markdown', fileType: 'markdown', uploadedAt: 1_760_000_000_000 }
    const events = [
      user.event('entity.created', entityId, { type: 'note', title: null, timeZone: null }),
      user.event('entity.file_uploaded', entityId, {
        file: { ...file, ...more },
        oldFile: null,
        oldPreview: null,
        preview: text,
      }),
    ]
    const subject: Subject = { userId: user.userId, entityId, contentHash }
    return { user, subject, events }
  }
  const find = async (subject: Subject, words: string): Promise<number> => {
    const rows = await transaction(pool, { role: 'synap_query', userId: subject.userId }, (client) =>
      query(client, {
        text: `select entity_id from read_v1.match_words($1, array['english'], null, 10)`,
        values: [words],
      }),
    )
    return rows.length
  }
  const chunksOf = (subject: Subject) =>
    database.superuserSql(
      `select block, chunk from read_v1.entity_vectors where entity_id = '${subject.entityId}' order by 1, 2;`,
    )
  const countOf = (subject: Subject) =>
    database.superuserSql(`select vectors from read_v1.user_models where user_id = '${subject.userId}';`)

  it('given derived data before the events, it counts as soon as they are there', async () => {
    const { subject, events } = capture('the preview says little')
    await derive(extracted(subject, 'Groceries: running shoes'), embedded(subject, [0]))
    expect(await find(subject, 'groceries')).toBe(0)
    await project(...events)
    expect(await find(subject, 'run')).toBe(1)
    expect(await chunksOf(subject)).toEqual(['0|0'])
  })

  it('given only events, title, tags and preview are found; the text takes the place of the preview', async () => {
    const { user, subject, events } = capture('Buy milk tomorrow')
    await project(
      ...events,
      user.event('entity.title_changed', subject.entityId, { title: 'Shopping', oldTitle: null }),
      user.event('entity.tag_added', subject.entityId, { tagId: uuidv7(), name: 'errands' }),
    )
    for (const words of ['milk', 'shopping', 'errands', 'tomor']) expect(await find(subject, words)).toBe(1)
    await derive(extracted(subject, 'Buy oat drinks'))
    expect(await find(subject, 'milk')).toBe(0)
    expect(await find(subject, 'drink')).toBe(1)
    expect(await find(subject, 'shopping drink')).toBe(1)
  })

  it('given a title that is a file name, its parts are found and the name itself', async () => {
    const { user, subject, events } = capture('')
    await project(
      ...events,
      user.event('entity.title_changed', subject.entityId, {
        title: 'holiday-in_Rome.2026.jpg',
        oldTitle: null,
      }),
    )
    for (const words of ['holiday', 'rome', '2026', 'jpg', 'holiday-in_Rome.2026.jpg', 'rome 2026'])
      expect([words, await find(subject, words)]).toEqual([words, 1])
    expect(await find(subject, 'berlin')).toBe(0)
  })

  it('given new content, what was made from the old one no longer counts, and counts again after undo', async () => {
    const { user, subject, events } = capture()
    await project(...events)
    await derive(extracted(subject, 'elephants'), embedded(subject, [0]))
    expect(await find(subject, 'elephants')).toBe(1)
    const file = (events[1] as { delta: { file: object } }).delta.file
    const other = { ...file, sha256: sha256Hex('other') }
    await project(
      user.event('entity.file_uploaded', subject.entityId, {
        file: other,
        oldFile: file,
        oldPreview: null,
        preview: 'giraffes',
        timeZone: null,
      }),
    )
    expect(await find(subject, 'elephants')).toBe(0)
    expect(await find(subject, 'giraffes')).toBe(1)
    await project(
      user.event('entity.file_uploaded', subject.entityId, {
        file,
        oldFile: other,
        preview: 'Buy milk',
        oldPreview: null,
        timeZone: null,
      }),
    )
    expect(await find(subject, 'elephants')).toBe(1)
  })

  it('given an entity without content, what was made from its title counts', async () => {
    const user = new RandomUser(createRandom(1))
    const entityId = uuidv7() as EntityId
    const subject = { userId: user.userId, entityId, contentHash: sha256Hex('Call Ada') }
    await project(user.event('entity.created', entityId, { type: 'task', title: 'Call Ada', timeZone: null }))
    await derive(embedded(subject, [0]))
    const [status] = await transaction(pool, { role: 'synap_query', userId: user.userId }, (client) =>
      query<{ vectors: number; content_sha256: string }>(client, {
        text: 'select vectors, content_sha256 from read_v1.item_status($1)',
        values: [entityId],
      }),
    )
    expect(status).toEqual({ vectors: 1, content_sha256: subject.contentHash })
  })

  it('given fewer blocks than before, the later ones go; given any order of batches, the rows are the same', async () => {
    const { subject } = capture()
    const block = (number: number, count: number, chunks: number[]) =>
      embedded(subject, chunks, { block: number, blockCount: count })
    const records = [
      block(0, 3, [0, 1]),
      block(1, 3, [2]),
      block(2, 3, [3]),
      block(0, 2, [0, 7]),
      tombstone(block(1, 2, [])),
      block(1, 2, [9]),
    ]
    for (const size of [1, 2, 6]) {
      await database.superuserSql(
        `delete from read_v1.entity_vectors where entity_id = '${subject.entityId}';
         delete from read_v1.user_models where user_id = '${subject.userId}';`,
      )
      for (let at = 0; at < records.length; at += size) await derive(...records.slice(at, at + size))
      expect(await chunksOf(subject)).toEqual(['0|0', '0|7', '1|9'])
      expect(await countOf(subject)).toEqual(['3'])
    }
    await derive(...records)
    expect(await chunksOf(subject)).toEqual(['0|0', '0|7', '1|9'])
    expect(await countOf(subject)).toEqual(['3'])
  })

  it('given a tombstone, rows and count go', async () => {
    const { subject, events } = capture()
    await project(...events)
    const records = [extracted(subject, 'zebras'), embedded(subject, [0, 1])]
    await derive(...records)
    await derive(...records.map(tombstone))
    expect(await chunksOf(subject)).toEqual([])
    expect(await countOf(subject)).toEqual([])
    expect(await find(subject, 'zebras')).toBe(0)
    expect(await find(subject, 'milk')).toBe(1)
  })

  it('given a purge, derived rows go and late records are dropped, also of an erased user', async () => {
    const { user, subject, events } = capture()
    await project(...events)
    await derive(extracted(subject, 'secret'), embedded(subject, [0]))
    await project(user.event('entity.purged', subject.entityId, {}))
    expect(await chunksOf(subject)).toEqual([])
    expect(await countOf(subject)).toEqual([])
    await derive(extracted(subject, 'secret'), embedded(subject, [0]))
    expect(await chunksOf(subject)).toEqual([])

    const other = { ...subject, entityId: uuidv7() as EntityId }
    await project(user.event('user.erased', user.userId, {}))
    await derive(embedded(other, [0]))
    expect(await chunksOf(other)).toEqual([])
  })

  it('given choices of a model, the last one holds, in whatever batches they come; a tombstone or an erasure takes it away', async () => {
    const { user, subject, events } = capture()
    const model = () =>
      database.superuserSql(`select model from read_v1.chosen_models where user_id = '${user.userId}'`)
    await project(...events)
    await derive(chosen(user.userId, 'old'), embedded(subject, [0]), chosen(user.userId, 'new'))
    expect(await model()).toEqual(['new'])
    expect(await chunksOf(subject)).toHaveLength(1)
    await derive(chosen(user.userId, 'newest'))
    expect(await model()).toEqual(['newest'])
    await derive(chosen(user.userId, 'x'), tombstone(chosen(user.userId, 'x')))
    expect(await model()).toEqual([])
    await derive(tombstone(chosen(user.userId, 'x')), chosen(user.userId, 'back'))
    expect(await model()).toEqual(['back'])
    await project(user.event('user.erased', user.userId, {}))
    expect(await model()).toEqual([])
    await derive(chosen(user.userId, 'late'))
    expect(await model()).toEqual([])
  })

  it('given a purge that has not committed, a derived record waits for it and is dropped', async () => {
    const { user, subject, events } = capture()
    await project(...events)
    await derive(embedded(subject, [0]))
    const held = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const purge = transaction(pool, principal, async (client) => {
      await query(client, {
        text: 'select from read_v1.user_positions where user_id = $1 for update',
        values: [user.userId],
      })
      await projectEvents(client, schema, [user.event('entity.purged', subject.entityId, {})])
      held.resolve()
      await release.promise
    })
    await held.promise
    const late = derive(embedded(subject, [1]))
    await eventually('the late record waits for the lock', async () => {
      const waiting = await database.superuserSql(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock';`,
      )
      return waiting.length > 0
    })
    release.resolve()
    await Promise.all([purge, late])
    expect(await chunksOf(subject)).toEqual([])
  })

  it('given a text whose words do not fit a tsvector, its beginning is found', async () => {
    const { subject, events } = capture()
    await project(...events)
    const words = Array.from({ length: 150_000 }, (_, index) => `w${index.toString(36)}x${index % 7}`)
    await derive(extracted(subject, `aardvark ${words.join(' ')}`))
    expect(await find(subject, 'aardvark')).toBe(1)
  })
})
