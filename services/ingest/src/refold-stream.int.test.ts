import type { AggregateId, EntityId } from '@synap/core'
import { stateVersion } from '@synap/domain'
import { createPool, type Pool } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { appendCall, newUser } from '../test/append-call.ts'
import { copyToLog } from '../test/log-rows.ts'
import { registerDirectly } from '../test/register-directly.ts'
import type { Caller } from './caller.ts'
import type { WriteDependencies } from './decide-and-append.ts'
import { readAggregates } from './read-aggregates.ts'
import { runCommand } from './run-command.ts'
import { createSchemaBook, type SchemaBook } from './schema-book.ts'
import { append } from './sql/append.ts'

let database: TestDatabase
let pool: Pool
let schemas: SchemaBook
const userId = newUser()
let id: AggregateId

beforeAll(async () => {
  database = await createTestDatabase(['ingest', 'events-writer'])
  pool = createPool({ url: database.url, applicationName: 'refold-test' })
  await registerDirectly(pool)
  schemas = await createSchemaBook(pool)
}, 300_000)

afterAll(async () => {
  await pool?.end()
  await database?.close()
})

const caller: Caller = {
  userId,
  actor: { kind: 'user', id: null },
  source: 'api',
  correlationId: '0af7651916cd43dd8448eb211c80319c',
  traceparent: null,
  tracestate: null,
}
const dependencies = {
  outbox: { refusal: () => null, isFull: () => false, added: () => undefined },
  onCommitted: () => undefined,
} as unknown as Omit<WriteDependencies, 'pool'>

const remove = () =>
  runCommand(
    { ...dependencies, pool },
    {
      caller,
      request: null,
      about: id,
      expectedVersion: 1,
      command: () => ({ kind: 'delete', entityId: id as EntityId }),
    },
  )

const stored = () =>
  database.superuserSql(
    `select version, state_version, state ->> 'title', state ->> 'deleted' from write.streams where aggregate_id = '${id}'`,
  )

/** An entity whose state an earlier fold has made, which gave it another title. */
beforeEach(async () => {
  const call = appendCall(userId)
  id = call.aggregates[0]?.id as AggregateId
  await append(pool, call)
  await database.superuserSql(
    `update write.streams set state_version = ${stateVersion - 1}, state = '{"title": "of the old fold"}';`,
  )
})

describe('a state of an earlier fold', () => {
  it.each([
    { where: 'the outbox', arrange: async () => undefined },
    {
      where: 'the log',
      arrange: async () => {
        await copyToLog({ database, pool, schemas }, userId)
        await database.superuserSql('delete from write.outbox;')
      },
    },
  ])('given its events in $where, it is folded anew when it is read', async ({ arrange }) => {
    await arrange()
    const state = (await readAggregates(pool, userId, [id])).get(id)
    expect(state).toMatchObject({ aggregate: 'entity', title: 'a test', version: 1, deleted: false })
  })

  it('given events in both, what the log lacks comes from the outbox', async () => {
    await copyToLog({ database, pool, schemas }, userId)
    await database.superuserSql('delete from write.outbox;')
    expect(await remove()).toMatchObject({ outcome: 'done' })
    await database.superuserSql(`update write.streams set state_version = ${stateVersion - 1}, state = '{}';`)
    const state = (await readAggregates(pool, userId, [id])).get(id)
    expect(state).toMatchObject({ title: 'a test', version: 2, deleted: true })
  })

  it('given a change, the new state is stored as of today’s fold', async () => {
    expect(await remove()).toMatchObject({ outcome: 'done' })
    expect(await stored()).toEqual([`2|${stateVersion}|a test|true`])
  })

  it('given an event that is nowhere to be had, the read fails as a dependency and changes nothing', async () => {
    await database.superuserSql('delete from write.outbox;')
    const before = await stored()
    await expect(remove()).rejects.toMatchObject({ code: 'state.unfoldable', class: 'dependency' })
    expect(await stored()).toEqual(before)
  })
})
