import { sha256Hex } from '@synap/core'
import { createTestDatabase, eventually, type TestDatabase, type TestService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, call, createIngestStack, type IngestStack } from '../../test/ingest-stack.ts'

let stack: IngestStack
let admin: TestDatabase
let ana: Account
let operator: Account
let services: Account
/** The restored copy; its identity differs by the number of the database. */
let restored: TestDatabase
const elsewhere = () => ({ DATABASE_URL: restored.url })
const ids: Record<string, string> = {}
let tagId = ''
let head = 0

/** What a backup of the schema `write` holds. */
const tables = [
  'users',
  'streams',
  'objects',
  'idempotency',
  'tags',
  'api_keys',
  'outbox',
  'identity',
  'relay_quarantine',
]

const later = 'written after the backup'

beforeAll(async () => {
  stack = await createIngestStack(['ingest', 'events-writer'])
  admin = await createTestDatabase()
  ana = await stack.createAccount()
  operator = await stack.createAccount('operate')
  services = await stack.createAccount('act:any', 'read', 'write')
  await live()
  await restore()
}, 300_000)

afterAll(async () => {
  await stack?.close()
  await restored?.close()
  await admin?.close()
})

const startWriter = (ingest: TestService, env: Record<string, string> = {}) =>
  stack.startPart('events-writer', { ...env, INGEST_URL: ingest.url, SERVICE_API_KEY: services.key })

const capture = (service: TestService, body: object, idempotencyKey?: string) =>
  call(service, '/v1/entities', {
    body,
    key: ana.key,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  })

const remove = (service: TestService, id: string, version: number) =>
  call(service, `/v1/entities/${id}`, {
    method: 'DELETE',
    key: ana.key,
    headers: { 'if-match': `"${version}"` },
  })

/** Some writes, a backup, some more, all of them in the log. */
async function live() {
  const { database } = stack
  const ingest = await stack.start()
  await ingest.waitReady()
  const writer = await startWriter(ingest)
  const made = async (name: string, body: object) => {
    const { body: answer } = await capture(ingest, body)
    ids[name] = String(answer['id'])
  }
  await made('early', { type: 'note', title: 'early' })
  await made('kept', { type: 'note', title: 'kept' })
  await eventually('the first are relayed', async () => (await waiting(database)) === '0')
  await database.superuserSql(
    `create schema backup; ${tables.map((table) => `create table backup.${table} as table write.${table};`).join(' ')}`,
  )
  expect((await remove(ingest, ids['early'] ?? '', 1)).status).toBe(200)
  await made('late', { type: 'note', content: later, tags: ['Later'] })
  const beforeLast = Number(
    (await capture(ingest, { type: 'task', title: 'all but the last' })).body['sequence'],
  )
  await eventually('the log has these', async () => (await logHas(database)) === String(beforeLast), {
    deadlineMs: 60_000,
  })
  ;[tagId = ''] = await database.superuserSql(`select tag_id from write.tags where normalized = 'later'`)
  await writer.stop()
  // On the topic, and not in the log.
  head = Number((await capture(ingest, { type: 'task', title: 'last' })).body['sequence'])
  await eventually('the last is relayed', async () => (await waiting(database)) === '0')
  await ingest.stop()
}

const waiting = async (database: TestDatabase) =>
  (await database.superuserSql('select count(*) from write.outbox where published_at is null'))[0]

const logHas = async (database: TestDatabase) =>
  (await database.superuserSql(`select seen from log.user_positions where user_id = '${ana.userId}'`))[0]

/** Another database with the log as it is now and the write model of the backup. */
async function restore() {
  restored = await createTestDatabase()
  await admin.superuserSql(
    `drop database ${restored.name};\ncreate database ${restored.name} owner synap template ${stack.database.name};`,
  )
  await restored.superuserSql(`
    set session_replication_role = replica;
    truncate ${tables.map((table) => `write.${table}`).join(', ')};
    ${tables.map((table) => `insert into write.${table} select * from backup.${table};`).join('\n')}`)
}

const status = async (service: TestService) =>
  (await call(service, '/internal/write/reconcile', { key: operator.key })).body

describe('a restored write database', () => {
  it('given no reconciliation, writes are refused before any effect, and reads and status go on', async () => {
    const ingest = await stack.start(elsewhere())
    await ingest.waitReady()
    for (const body of [
      { type: 'note', title: 'x' },
      { type: 'note', content: 'nowhere' },
    ]) {
      const answer = await capture(ingest, body)
      expect(answer).toMatchObject({ status: 503, body: { code: 'write.unreconciled' } })
      expect(answer.body['detail']).toContain('./synap write reconcile')
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    const leases = `select count(*) from write.object_leases where object_key like '%${sha256Hex('nowhere').slice(0, 16)}%'`
    expect(await restored.superuserSql(leases)).toEqual(['0'])
    const events = `/internal/events?user=${ana.userId}&from=1&to=${head}`
    expect((await call(ingest, events, { key: services.key })).status).toBe(200)
    expect(await status(ingest)).toMatchObject({ phase: 'none', write: 'restored' })
    await ingest.stop()
  })

  it('given a session that has not heard of it, the database itself refuses the event', async () => {
    const user = `insert into write.outbox (event_id, event_type, user_id, aggregate_id, aggregate_type, version, sequence,
      occurred_at, source, correlation_id, actor_kind, delta, schema_fingerprint)
      values (gen_random_uuid(), 'x', gen_random_uuid(), gen_random_uuid(), 'entity', 1, 1, now(), 'x',
        gen_random_uuid(), 'user', '', sha256('x'))`
    await expect(restored.superuserSql(user)).rejects.toThrow('has to be reconciled')
  })

  it('given a key without the scope operate, it is refused', async () => {
    const ingest = await stack.start(elsewhere())
    await ingest.waitReady()
    const answer = await call(ingest, '/internal/write/reconcile', { body: {}, key: ana.key })
    expect(answer.status).toBe(403)
    await ingest.stop()
  })

  it('given a reconciliation, numbers go on where the log and the topic end, and nothing forks', async () => {
    const ingest = await stack.start(elsewhere())
    await ingest.waitReady()
    const begun = await call(ingest, '/internal/write/reconcile', { body: {}, key: operator.key })
    expect(begun.status).toBe(202)
    await eventually('it waits for the log', async () => (await status(ingest))['phase'] === 'users')
    const writer = await startWriter(ingest, elsewhere())
    const done = await eventually(
      'it is done',
      async () => {
        const now = await status(ingest)
        return now['phase'] === 'done' || now['phase'] === 'failed' ? now : undefined
      },
      { deadlineMs: 60_000 },
    )
    expect(done).toMatchObject({
      phase: 'done',
      write: 'ok',
      usersMoved: 1,
      eventsUnfoldable: 0,
      detail: null,
    })

    // Before a capture with that tag would make it again.
    expect(await restored.superuserSql(`select tag_id from write.tags where normalized = 'later'`)).toEqual([
      tagId,
    ])
    await eventually(
      'writes are taken',
      async () => (await capture(ingest, { type: 'note', title: 'go' })).status === 201,
    )
    const answer = await capture(ingest, { type: 'note', title: 'after', tags: ['later'] })
    expect(answer.status).toBe(201)
    expect(Number(answer.body['sequence'])).toBeGreaterThan(head)
    expect(await remove(ingest, ids['early'] ?? '', 2)).toMatchObject({ status: 404 })
    expect((await remove(ingest, ids['late'] ?? '', 99)).body).toMatchObject({ currentVersion: 3 })
    expect((await remove(ingest, ids['late'] ?? '', 3)).status).toBe(200)
    const [object] = await restored.superuserSql(
      `select encode(sha256, 'hex') || ' ' || size_bytes from write.objects where aggregate_id = '${ids['late']}'`,
    )
    expect(object).toBe(`${sha256Hex(later)} ${later.length}`)

    const [last = ''] = await restored.superuserSql(
      `select sequence from write.users where user_id = '${ana.userId}'`,
    )
    await eventually('the log has all', async () => (await logHas(restored)) === last, { deadlineMs: 60_000 })
    const [gapless] = await restored.superuserSql(
      `select count(*) || ' ' || max(sequence) from log.events where user_id = '${ana.userId}'`,
    )
    expect(gapless).toBe(`${last} ${last}`)
    expect(await restored.superuserSql('select count(*) from log.parked')).toEqual(['0'])
    await ingest.stop()
    await writer.stop()
  }, 180_000)

  it('given a database that is the known one, a reconciliation is not begun', async () => {
    const ingest = await stack.start(elsewhere())
    await ingest.waitReady()
    const before = await status(ingest)
    await call(ingest, '/internal/write/reconcile', { body: {}, key: operator.key })
    expect(await status(ingest)).toEqual(before)
    await ingest.stop()
  })
})
