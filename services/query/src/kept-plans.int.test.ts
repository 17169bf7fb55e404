import { readdir, readFile } from 'node:fs/promises'
import { type UserId, uuidv7 } from '@synap/core'
import { type Client, createPool, type Pool, query, transaction } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytesOf, idOf, many, seedMany } from '../test/many-rows.ts'
import { findAllowedIds } from './sql/allowed-entities.ts'
import { confirmCandidates } from './sql/confirm-candidates.ts'
import { findEntities } from './sql/find-entities.ts'
import { findPassages } from './sql/find-passages.ts'
import { findModelOf } from './sql/find-related.ts'
import { findRelation } from './sql/find-relations.ts'
import { findKnownNeighbours } from './sql/known-neighbours.ts'
import type { CommonFilter } from './sql/list-entities.ts'

const schema = 'read_v1'
/** Items that are looked up. */
const asked = [3, many / 2, many - 5]
const itemsOf = (user: UserId) => asked.map((number) => idOf(user, 'item', number))

const later = '9223372036854775807'
const candidates = (user: UserId, running: readonly string[], filter?: CommonFilter) => ({
  userId: user,
  vector: { values: new Float32Array(1_536).fill(1), model: 'm' },
  model: 'm',
  ids: bytesOf(itemsOf(user)),
  since: { next: later, running },
  filter,
  enough: 3,
})
const everyFilter: CommonFilter = {
  types: ['note', 'task'],
  tags: ['tag5'],
  anyTags: ['tag5', 'tag6'],
  statuses: ['todo'],
  dueAfter: '2020-01-01',
}

/** Every statement that looks up by id, each as often as it has names. */
const lookUps: Record<string, (client: Client, user: UserId) => Promise<unknown>> = {
  find_entities: (client, user) => findEntities(client, schema, itemsOf(user)),
  find_passages: (client, user) =>
    findPassages(
      client,
      schema,
      itemsOf(user).map((entity_id) => ({ entity_id, chunk: 0 })),
    ),
  find_known: (client, user) => findKnownNeighbours(client, schema, candidates(user, [])),
  find_known_running: (client, user) => findKnownNeighbours(client, schema, candidates(user, ['3'])),
  find_known_filtered: (client, user) =>
    findKnownNeighbours(client, schema, candidates(user, [], everyFilter)),
  find_known_running_filtered: (client, user) =>
    findKnownNeighbours(client, schema, candidates(user, ['3'], everyFilter)),
  confirm_candidates: (client, user) => confirmCandidates(client, schema, candidates(user, [])),
  confirm_candidates_running: (client, user) => confirmCandidates(client, schema, candidates(user, ['3'])),
  confirm_candidates_filtered: (client, user) =>
    confirmCandidates(client, schema, candidates(user, [], everyFilter)),
  confirm_candidates_running_filtered: (client, user) =>
    confirmCandidates(client, schema, candidates(user, ['3'], everyFilter)),
  find_allowed_tags1: (client) => findAllowedIds(client, schema, { tags: ['tag9'] }, many),
  find_allowed_tags2: (client) => findAllowedIds(client, schema, { tags: ['tag9', 'tag10'] }, many),
  find_allowed_anytags_tags1: (client) =>
    findAllowedIds(client, schema, { tags: ['tag9'], anyTags: ['tag8', 'tag10'] }, many),
  find_allowed_statuses_tags1: (client) =>
    findAllowedIds(client, schema, { tags: ['tag10'], statuses: ['todo'] }, many),
  find_model_of: (client, user) => findModelOf(client, schema, idOf(user, 'item', 3)),
  find_relation: (client, user) => findRelation(client, schema, idOf(user, 'relation', 3)),
}
/** The others that are prepared: by the user alone, or they only call functions, or ask the catalogue. */
const byUser = [
  'count_all_vectors',
  'find_item_status',
  'find_matches',
  'find_parked_events',
  'find_parked_groups',
  'find_position',
  'find_positions',
  'find_settings',
  'find_stats',
  'find_text_configs',
  'find_unchecked_matches',
  'find_user_model',
  'find_vectors',
  'mark_parked_group',
  'mark_words',
]

/** A connection, for in it plans are kept; made once whatever the values, or as the server finds best from the sixth time on. */
interface Connection {
  pool: Pool
  genericPlans: boolean
}

it('given the statements that are prepared, each is either held to what it looks up below, or known to be none of these', async () => {
  const folder = new URL('sql/', import.meta.url)
  const files = (await readdir(folder)).filter((name) => !name.includes('.test.'))
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, folder), 'utf8')))
  const names = texts.flatMap((text) =>
    Array.from(text.matchAll(/(?:name: |name = |return )`\$\{schema\}\.(\w+)/g), ([, name = '']) => name),
  )
  const isKnown = (name: string) =>
    byUser.includes(name) || Object.keys(lookUps).some((one) => one.startsWith(name))
  expect(names.length).toBeGreaterThan(15)
  expect(names.filter((name) => !isKnown(name))).toEqual([])
})

describe('plans that a connection keeps', () => {
  let database: TestDatabase
  const [rich, newcomer] = [uuidv7() as UserId, uuidv7() as UserId]

  beforeAll(async () => {
    database = await createTestDatabase(['projector'])
    const tables = await database.superuserSql(
      `select oid::regclass from pg_class where relkind = 'r' and relnamespace = 'read_v1'::regnamespace`,
    )
    await database.superuserSql(
      // The index on vectors is none by user, and to fill it takes longer than all else here.
      `drop index read_v1.entity_vectors_hnsw;
       ${tables.map((table) => `alter table ${table} set (autovacuum_enabled = false);`).join('')}`,
    )
  })
  afterAll(() => database.close())

  const connect = (genericPlans: boolean): Connection => ({
    pool: createPool({ url: database.url, applicationName: 'kept-plans', max: 1 }),
    genericPlans,
  })

  /** What a look-up reads: rows and entries of indexes, and pages. */
  const readBy = ({ pool, genericPlans }: Connection, user: UserId, name: string) =>
    transaction(
      pool,
      { role: 'synap_query', userId: user },
      async (client) => {
        const soFar = async () => {
          const [read] = await query<{ rows: number; pages: number }>(client, {
            text: `
              select sum(pg_stat_get_xact_tuples_returned(oid))::int as rows,
                sum(pg_stat_get_xact_blocks_fetched(oid))::int as pages
              from pg_class where relnamespace = 'read_v1'::regnamespace and relkind in ('r', 'i')`,
          })
          return read ?? { rows: 0, pages: 0 }
        }
        const before = await soFar()
        await lookUps[name]?.(client, user)
        const after = await soFar()
        return { rows: after.rows - before.rows, pages: after.pages - before.pages }
      },
      { readOnly: true, isolation: 'repeatable read', genericPlans },
    )

  const makePlans = async (connection: Connection) => {
    for (const name of Object.keys(lookUps))
      for (let times = 1; times <= 7; times += 1) await readBy(connection, newcomer, name)
  }
  /** Those that read more than belongs to the few items they look up; by a tag they are twenty, behind all names of tags. */
  const findTrapped = async (connection: Connection) => {
    const trapped: unknown[] = []
    for (const name of Object.keys(lookUps)) {
      const read = await readBy(connection, rich, name)
      const most = name.startsWith('find_allowed') ? 600 : 100
      if (read.rows > most || read.pages > most) trapped.push({ name, ...read })
    }
    return trapped
  }

  it('given plans that were made while there was nothing, or for a user without rows, look-ups by id read no more than that', async () => {
    const connections = [connect(true), connect(false)]
    for (const connection of connections) await makePlans(connection)
    await seedMany(database, rich)
    for (const connection of connections) expect(await findTrapped(connection)).toEqual([])
    await database.superuserSql('vacuum analyze')
    const others = [connect(true), connect(false)]
    for (const connection of others) await makePlans(connection)
    for (const connection of others) expect(await findTrapped(connection)).toEqual([])
    for (const { pool } of [...connections, ...others]) await pool.end()
  })
})
