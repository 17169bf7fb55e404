import type { SynapEvent } from '@synap/contracts'
import { type EntityId, sha256Hex, uuidv7 } from '@synap/core'
import { createPool, type Pool, transaction } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { embedded, extracted, tombstone } from '../test/derived-records.ts'
import { createRandom, RandomUser } from '../test/random-events.ts'
import { projectDerived, type ReadDerived } from './project-derived.ts'
import { projectEvents } from './project-events.ts'

describe('what is not found by meaning yet', () => {
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
  const asProjector = (work: Parameters<typeof transaction<void>>[2]) =>
    transaction(pool, { role: 'synap_projector' }, work)
  const derive = (...records: ReadDerived[]) =>
    asProjector((client) => projectDerived(client, 'read_v1', records))
  const project = (...events: SynapEvent[]) =>
    asProjector((client) => projectEvents(client, 'read_v1', events))

  /** An item of a new user, and what happens to it. */
  const capture = () => {
    const user = new RandomUser(createRandom(1))
    const entityId = uuidv7() as EntityId
    const subject = (text: string) => ({ userId: user.userId, entityId, contentHash: sha256Hex(text) })
    const event = (type: Parameters<typeof user.event>[0], delta: object) => user.event(type, entityId, delta)
    return {
      subject,
      event,
      created: event('entity.created', { type: 'note', title: 'A title', timeZone: null }),
      uploaded: (text: string) =>
        event('entity.file_uploaded', {
          file: {
            key: `users/${user.userId}/notes/x.md`,
            sha256: sha256Hex(text),
            size: text.length,
            contentType: 'text/markdown',
            fileType: 'markdown',
            uploadedAt: 1_760_000_000_000,
          },
          oldFile: null,
          oldPreview: null,
          preview: text,
        }),
      erased: () => user.event('user.erased', user.userId, {}),
      waiting: async () =>
        (
          await database.superuserSql(
            `select content_sha256 from read_v1.unsearchable where entity_id = '${entityId}';`,
          )
        ).join(),
    }
  }

  it('given a title alone, it waits until that title is embedded, another title once more', async () => {
    const { subject, created, event, waiting } = capture()
    await project(created)
    expect(await waiting()).toBe(sha256Hex('A title'))
    await derive(embedded(subject('A title'), [0]))
    expect(await waiting()).toBe('')
    await project(event('entity.title_changed', { title: 'Another', oldTitle: 'A title' }))
    expect(await waiting()).toBe(sha256Hex('Another'))
    await project(event('entity.title_changed', { title: 'A title', oldTitle: 'Another' }))
    expect(await waiting()).toBe('')
  })

  it('given content, it waits until that content is embedded, whatever its title is', async () => {
    const { subject, created, event, uploaded, waiting } = capture()
    await project(created, uploaded('first'))
    await derive(embedded(subject('A title'), [0]))
    await project(event('entity.title_changed', { title: 'Another', oldTitle: 'A title' }))
    expect(await waiting()).toBe(sha256Hex('first'))
    await derive(extracted(subject('first'), 'words'))
    await derive(embedded(subject('before'), [0]))
    expect(await waiting()).toBe(sha256Hex('first'))
    await derive(embedded(subject('first'), [0]))
    expect(await waiting()).toBe('')
    await project(uploaded('second'))
    expect(await waiting()).toBe(sha256Hex('second'))
    await derive(extracted(subject('second'), null))
    expect(await waiting()).toBe('')
    await derive(tombstone(extracted(subject('second'), null)))
    expect(await waiting()).toBe(sha256Hex('second'))
  })

  it('given derived data that come first, a deletion, a purge or an erasure, nothing waits', async () => {
    const early = capture()
    await derive(embedded(early.subject('x'), [0]))
    await project(early.created, early.uploaded('x'))
    expect(await early.waiting()).toBe('')

    const { created, uploaded, event, waiting } = capture()
    await project(created, uploaded('x'), event('entity.deleted', {}))
    expect(await waiting()).toBe('')
    await project(event('entity.restored', {}))
    expect(await waiting()).toBe(sha256Hex('x'))
    await project(event('entity.deleted', {}), event('entity.purged', {}))
    expect(await waiting()).toBe('')

    const gone = capture()
    await project(gone.created, gone.uploaded('x'))
    expect(await gone.waiting()).toBe(sha256Hex('x'))
    await project(gone.erased())
    expect(await gone.waiting()).toBe('')
  })
})
