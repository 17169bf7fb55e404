import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AggregateId, type EntityId, sha256Hex, type UserId, uuidv7 } from '@synap/core'
import { silentLogger } from '@synap/messaging'
import {
  contentKey,
  createFolderStore,
  createS3Store,
  isNotFound,
  type ObjectStore,
} from '@synap/object-store'
import { createPool, type Pool } from '@synap/postgres'
import { createTestDatabase, eventually, type TestDatabase, useStack } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appendCall, newUser } from '../../test/append-call.ts'
import { createStage, gatedPool, ordersOf, type Stage } from '../../test/in-steps.ts'
import type { Caller } from '../caller.ts'
import { type CaptureDependencies, captureEntity } from '../capture-entity.ts'
import { inTransaction } from '../database.ts'
import type { WriteOutcome } from '../decide-and-append.ts'
import type { OutboxWatch } from '../outbox-watch.ts'
import { type AppendCall, append } from '../sql/append.ts'
import { type BeginPut, beginPut } from '../sql/begin-put.ts'
import { dropOrphans, takeSweep } from '../sql/sweep.ts'
import { takeTurn } from './start-sweep.ts'
import { noCounts, type SweepCounts } from './sweep-objects.ts'

let database: TestDatabase
let pool: Pool
let folder: string
let s3: ObjectStore
const text = { contentType: 'text/markdown; charset=utf-8' }
const bytes = Buffer.from('content that an attempt left behind')
const sha256 = sha256Hex(bytes)
const openWatch: OutboxWatch = {
  isFull: () => false,
  refusal: () => null,
  added: () => undefined,
  overview: () => undefined,
  begun: Promise.resolve(),
  close: () => Promise.resolve(),
}

beforeAll(async () => {
  const { env, bucket } = await useStack('postgres', 'object-store')
  database = await createTestDatabase(['ingest', 'events-writer'])
  pool = createPool({ url: database.url, applicationName: 'sweep-test', max: 8 })
  folder = await mkdtemp(join(tmpdir(), 'synap-sweep-test-'))
  s3 = createS3Store({
    endpoint: env.S3_ENDPOINT,
    region: env.S3_REGION,
    bucket,
    accessKeyId: env.S3_ACCESS_KEY_ID,
    secretAccessKey: env.S3_SECRET_ACCESS_KEY,
  })
}, 300_000)
afterAll(async () => {
  await s3?.close()
  await pool?.end()
  await database?.close()
  await rm(folder, { recursive: true, force: true })
})

const never = new AbortController().signal
const caller = (userId: UserId): Caller => ({
  userId,
  actor: { kind: 'user', id: null },
  source: 'api',
  correlationId: '0af7651916cd43dd8448eb211c80319c',
  traceparent: null,
  tracestate: null,
})
const newKey = (userId: UserId, entityId = uuidv7() as EntityId) =>
  contentKey({ userId, entityType: 'note', entityId, sha256, extension: 'md' })

/** Only these objects of the store: what other tests left is none of this one's business. */
const within = (store: ObjectStore, prefix: string): ObjectStore => ({
  ...store,
  list: (_, options) => store.list(prefix, options),
})

/** A sweep in three steps: it looks, gives up, deletes. */
const sweepIn = (stage: Stage, store: ObjectStore): Promise<SweepCounts> =>
  stage.enter('sweep', async () => {
    const counts = noCounts()
    const gate = () => stage.gate('sweep')
    const options = {
      pool: gatedPool(pool, 'write.drop_orphans', gate),
      store: {
        ...store,
        delete: async (key: string) => {
          await gate()
          await store.delete(key)
        },
      },
      logger: silentLogger,
      ageMs: -60_000,
      signal: never,
    }
    await takeTurn(options, 0, (found) => Object.assign(counts, found))
    return counts
  })

/** A store whose put is a step of its own, and what comes after it another. */
const stepwise = (stage: Stage, store: ObjectStore): ObjectStore => ({
  ...store,
  put: async (key, body, options) => {
    await stage.gate('request')
    const info = await store.put(key, body, options)
    await stage.gate('request')
    return info
  },
})

/** Whatever the ledger names has to be there, as it was put. */
async function assertReferencedIsThere(store: ObjectStore, userId: UserId): Promise<string[]> {
  const keys = await database.superuserSql(`select object_key from write.objects where user_id = '${userId}'`)
  const stored = keys.filter((key) => key !== '')
  for (const key of stored) expect((await store.read(key, { maxBytes: 1_000 })).info.sha256).toBe(sha256)
  return stored
}

const dependencies = (store: ObjectStore): CaptureDependencies => ({
  pool,
  store,
  logger: silentLogger,
  outbox: openWatch,
  onCommitted: () => undefined,
  onClockJump: () => undefined,
})

const capture = (store: ObjectStore, userId: UserId, key: string): Promise<WriteOutcome> =>
  captureEntity(dependencies(store), {
    caller: caller(userId),
    body: { type: 'note', content: bytes.toString() },
    request: { key, requestHash: sha256Hex('the request') },
    signal: never,
  })

/** An attempt that put its content and then died: the object is there, the lease of the attempt is over. */
async function diedAfterPut(store: ObjectStore, userId: UserId): Promise<string> {
  let orphan = ''
  const dying: ObjectStore = {
    ...store,
    put: async (key, ...rest) => {
      orphan = key
      await store.put(key, ...rest)
      throw new Error('killed')
    },
  }
  await expect(capture(dying, userId, 'the-key')).rejects.toThrow('killed')
  await database.superuserSql(
    `update write.object_leases set expires_at = clock_timestamp() - interval '1 minute' where object_key = '${orphan}'`,
  )
  return orphan
}

const orders = ordersOf(['sweep', 3], ['request', 3]).map((order) => [
  order.map(([first]) => first).join(''),
  order,
])

describe.each([
  ['S3', () => s3],
  ['a folder', () => createFolderStore(folder)],
])('a sweep of %s while a request finds what it finds', (_, open) => {
  it.each(orders)(
    'given a retry under the same Idempotency-Key, in the order %s, what it refers to is there',
    async (_order, steps) => {
      const userId = newUser()
      const store = within(open(), `users/${userId}/`)
      const orphan = await diedAfterPut(store, userId)
      const stage = createStage()
      const sweep = sweepIn(stage, store)
      const request = stage.enter('request', () => capture(stepwise(stage, store), userId, 'the-key'))
      for (const actor of steps) await stage.step(actor)
      expect(await request).toMatchObject({ outcome: 'done' })
      for (let left = 0; left < 3; left += 1) await stage.step('sweep')
      // The request may come again, so its object is not an orphan at any time.
      expect((await sweep).orphans).toBe(0)
      expect(await assertReferencedIsThere(store, userId)).toEqual([orphan])
    },
  )

  it.each(orders)(
    'given a retry whose key has just run out, in the order %s, what it refers to is there',
    async (_order, steps) => {
      const userId = newUser()
      const store = within(open(), `users/${userId}/`)
      const orphan = await diedAfterPut(store, userId)
      await database.superuserSql(
        `update write.idempotency set expires_at = clock_timestamp() where object_key = '${orphan}'`,
      )
      const stage = createStage()
      const sweep = sweepIn(stage, store)
      const request = stage.enter('request', () => capture(stepwise(stage, store), userId, 'the-key'))
      for (const actor of steps) await stage.step(actor)
      for (let left = 0; left < 3; left += 1) await stage.step('sweep')
      expect((await sweep).orphans).toBe(1)
      expect(await request).toMatchObject({ outcome: 'done' })
      expect(await assertReferencedIsThere(store, userId)).toHaveLength(1)
      expect(await store.exists(orphan)).toBe(false)
    },
  )

  it.each(orders)(
    'given a request that wants the very key, in the order %s, what it refers to is there',
    async (_order, steps) => {
      const userId = newUser()
      const store = within(open(), `users/${userId}/`)
      const orphan = newKey(userId)
      await store.put(orphan, bytes, text)
      const stage = createStage()
      const sweep = sweepIn(stage, store)
      const request = stage.enter('request', async () => {
        const begun = await begin(userId, orphan)
        await stepwise(stage, store).put(begun.object_key, bytes, text)
        return append(pool, referring(userId, begun))
      })
      for (const actor of steps) await stage.step(actor)
      for (let left = 0; left < 3; left += 1) await stage.step('sweep')
      expect(await request).toMatchObject({ outcome: 'appended' })
      const { orphans, deleted } = await sweep
      const [key = ''] = await assertReferencedIsThere(store, userId)
      // Either the request was first and has the key, or the sweep was, and the key is nobody's any more.
      expect([orphans, deleted, key === orphan]).toEqual(orphans === 0 ? [0, 0, true] : [1, 1, false])
      expect(await store.exists(orphan)).toBe(orphans === 0)
    },
  )

  it.each(orders)(
    'given a request whose lease has run out, in the order %s, it is refused or its object stays',
    async (_order, steps) => {
      const userId = newUser()
      const store = within(open(), `users/${userId}/`)
      const stage = createStage()
      const sweep = sweepIn(stage, store)
      const request = stage.enter('request', async () => {
        const begun = await begin(userId, newKey(userId), 0)
        await stepwise(stage, store).put(begun.object_key, bytes, text)
        return append(pool, referring(userId, begun))
      })
      for (const actor of steps) await stage.step(actor)
      for (let left = 0; left < 3; left += 1) await stage.step('sweep')
      const { orphans } = await sweep
      expect((await request).outcome).toBe(orphans === 0 ? 'appended' : 'lease_lost')
      expect(await assertReferencedIsThere(store, userId)).toHaveLength(1 - orphans)
    },
  )
})

type Begun = Extract<Awaited<ReturnType<typeof beginPut>>, { outcome: 'begun' }>

const putOf = (userId: UserId, objectKey: string, leaseMs = 30_000): BeginPut => ({
  userId,
  idempotency: null,
  ids: {},
  objectKey,
  leaseMs,
})

async function begin(userId: UserId, objectKey: string, leaseMs?: number): Promise<Begun> {
  const begun = await beginPut(pool, putOf(userId, objectKey, leaseMs))
  if (begun.outcome !== 'begun') throw new Error(begun.outcome)
  return begun
}

function referring(userId: UserId, { object_key: key, lease_id: leaseId }: Begun): AppendCall {
  const call = appendCall(userId)
  const aggregateId = call.aggregates[0]?.id as AggregateId
  const object = { key, aggregateId, sha256, size: bytes.length, ...text, leaseId }
  return { ...call, objects: [object] }
}

describe('the lock between a sweep and those who put', () => {
  /** A transaction whose end the test decides. */
  function open<T>(work: (client: Parameters<Parameters<typeof inTransaction>[1]>[0]) => Promise<T>) {
    const done = Promise.withResolvers<T>()
    const end = Promise.withResolvers<void>()
    const committed = inTransaction(pool, async (client) => {
      done.resolve(await work(client))
      await end.promise
    })
    committed.catch(done.reject)
    const commit = async () => {
      end.resolve()
      await committed
    }
    return { done: done.promise, commit }
  }
  const someoneWaits = () =>
    eventually('somebody waits for the lock', async () => {
      const [count] = await database.superuserSql(
        `select count(*) from pg_locks where not granted and relation = 'write.object_leases'::regclass
            and database = (select oid from pg_database where datname = current_database())`,
      )
      return count !== '0'
    })
  const turn = async () => {
    await database.superuserSql(`delete from write.sweeps`)
    return (
      (await inTransaction(pool, (client) => takeSweep(client, { ttlMs: 60_000, everyMs: 0 })))?.epoch ?? 0
    )
  }
  const take = `select lease_id, object_key from write.take_lease($1::text, clock_timestamp() + interval '1 minute')`

  it('given a lease that is being taken, the sweep waits for it and keeps the object', async () => {
    const [userId, epoch] = [newUser(), await turn()]
    const key = newKey(userId)
    const taking = open((client) => client.query(take, [key]))
    await taking.done
    const given = inTransaction(pool, (client) => dropOrphans(client, epoch, [key]))
    await someoneWaits()
    await taking.commit()
    expect(await given).toEqual([])
  })

  it('given a sweep that is giving up a key, who wants it waits and gets another, like it', async () => {
    const [userId, epoch] = [newUser(), await turn()]
    const key = newKey(userId)
    const dropping = open((client) => dropOrphans(client, epoch, [key]))
    expect(await dropping.done).toEqual([key])
    const begun = begin(userId, key)
    await someoneWaits()
    await dropping.commit()
    expect((await begun).object_key).toMatch(
      /^users\/[^/]+\/notes\/[0-9a-f-]{36}\.[0-9a-f]{16}\.[0-9a-f]{8}\.md$/,
    )
  })

  it('given a sweep that is giving up a key, an append with a lease that ran out waits and is refused', async () => {
    const [userId, epoch] = [newUser(), await turn()]
    const begun = await begin(userId, newKey(userId), 0)
    const dropping = open((client) => dropOrphans(client, epoch, [begun.object_key]))
    expect(await dropping.done).toEqual([begun.object_key])
    const appended = append(pool, referring(userId, begun))
    await someoneWaits()
    await dropping.commit()
    expect(await appended).toEqual({ outcome: 'lease_lost' })
  })

  it('given a request under a key whose time runs out while it takes over, it gets another key and keeps it', async () => {
    const [userId, epoch] = [newUser(), await turn()]
    const idempotency = { key: 'k', requestHash: sha256Hex('r') }
    const put = { ...putOf(userId, newKey(userId), 0), idempotency, ids: { entityId: 'first' } }
    await beginPut(pool, put)
    await database.superuserSql(
      `update write.idempotency set expires_at = clock_timestamp() where user_id = '${userId}'`,
    )
    // The sweep has found the row over; the request reads its clock before, and still finds it good.
    const dropping = open((client) => dropOrphans(client, epoch, [put.objectKey]))
    expect(await dropping.done).toEqual([put.objectKey])
    await database.superuserSql(
      `update write.idempotency set expires_at = clock_timestamp() + interval '1 minute' where user_id = '${userId}'`,
    )
    const taken = beginPut(pool, { ...put, leaseMs: 0, ids: { entityId: 'second' } })
    await someoneWaits()
    await dropping.commit()
    const begun = await taken
    expect(begun).toMatchObject({ outcome: 'begun', attempt: 2, ids: { entityId: 'first' } })
    const key = begun.outcome === 'begun' ? begun.object_key : ''
    expect(key).not.toBe(put.objectKey)
    const third = await beginPut(pool, put)
    expect(third).toMatchObject({ attempt: 3, object_key: key })
  })

  it('given a sweep that has lost its turn, it gives up nothing', async () => {
    const [userId, epoch] = [newUser(), await turn()]
    const key = newKey(userId)
    const drop = (of: number) => inTransaction(pool, (client) => dropOrphans(client, of, [key]))
    expect(await drop(epoch - 1)).toEqual([])
    expect(await drop(epoch)).toEqual([key])
    expect(await isGone(key)).toBe(true)
  })
})

async function isGone(key: string): Promise<boolean> {
  return s3.head(key).then(
    () => false,
    (error: unknown) => isNotFound(error),
  )
}
