import type { SynapEvent } from '@synap/contracts'
import { type EntityId, sha256Hex, uuidv7 } from '@synap/core'
import { createPool, type Pool, transaction } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { extracted, type Subject, tombstone } from '../test/derived-records.ts'
import { createRandom, RandomUser } from '../test/random-events.ts'
import { projectDerived, type ReadDerived } from './project-derived.ts'
import { projectEvents } from './project-events.ts'

const schema = 'read_v1'

describe('links of extractions', () => {
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
    asProjector((client) => projectDerived(client, schema, records))
  const project = (...events: SynapEvent[]) => asProjector((client) => projectEvents(client, schema, events))
  const create = () => {
    const user = new RandomUser(createRandom(1))
    const entityId = uuidv7() as EntityId
    const subject: Subject = { userId: user.userId, entityId, contentHash: sha256Hex(entityId) }
    return {
      user,
      subject,
      created: user.event('entity.created', entityId, { type: 'note', title: null, timeZone: null }),
    }
  }
  const rowsOf = ({ entityId }: Subject) =>
    database.superuserSql(
      `select block, position, kind, target, heading, name, target_id from read_v1.entity_links
       where entity_id = '${entityId}' order by block, position;`,
    )

  it('given an extraction, what may lead to an item is kept, with the name that is looked up', async () => {
    const { subject } = create()
    const id = uuidv7()
    const links = [
      'https://example.org/a.md',
      '[[Shopping  LIST#Bread]]',
      '![[Café]]',
      'cup.png',
      '../My%20note.md',
      `/v1/entities/${id}`,
      `[[${'x'.repeat(300)}]]`,
    ]
    await derive(extracted(subject, 'words', { links }))
    expect(await rowsOf(subject)).toEqual([
      '0|1|wiki|Shopping  LIST|Bread|shopping list|',
      '0|2|embed|Café||café|',
      '0|4|markdown|../My%20note.md||my note|',
      `0|5|markdown|/v1/entities/${id}|||${id}`,
    ])
  })

  it('given the same extraction once more, a shorter one or a tombstone, it takes the place of what was there', async () => {
    const { subject } = create()
    const first = extracted(subject, 'words', { links: ['[[a]]', '[[b]]'] })
    await derive(first)
    await derive(first, first)
    expect(await rowsOf(subject)).toHaveLength(2)
    await derive(extracted(subject, 'words', { links: ['[[c]]'] }))
    expect(await rowsOf(subject)).toEqual(['0|0|wiki|c||c|'])
    await derive(tombstone(first))
    expect(await rowsOf(subject)).toEqual([])
  })

  it('given an item that is purged or a user who is erased, their links go, and late ones are dropped', async () => {
    const { user, subject, created } = create()
    const record = extracted(subject, 'words', { links: ['[[a]]'] })
    await project(created)
    await derive(record)
    expect(await rowsOf(subject)).toHaveLength(1)
    await project(
      user.event('entity.deleted', subject.entityId, {}),
      user.event('entity.purged', subject.entityId, {}),
    )
    expect(await rowsOf(subject)).toEqual([])
    await derive(record)
    expect(await rowsOf(subject)).toEqual([])

    const other = create()
    const late = extracted(other.subject, 'words', { links: ['[[a]]'] })
    await derive(late)
    expect(await rowsOf(other.subject)).toHaveLength(1)
    await project(other.created, other.user.event('user.erased', other.user.userId, {}))
    expect(await rowsOf(other.subject)).toEqual([])
    await derive(late)
    expect(await rowsOf(other.subject)).toEqual([])
  })
})
