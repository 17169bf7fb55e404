import { createHash } from 'node:crypto'
import { encodeDelta } from '@synap/contracts'
import { type AggregateId, type EntityId, type EventId, sha256Hex, type UserId, uuidv7 } from '@synap/core'
import { silentLogger } from '@synap/messaging'
import {
  attachmentKey,
  contentKey,
  createS3Store,
  derivedTextKey,
  exportKey,
  type ObjectStore,
} from '@synap/object-store'
import { createPool, type Pool } from '@synap/postgres'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appendCall, newUser } from '../../test/append-call.ts'
import { type Account, call, createIngestStack, type IngestStack } from '../../test/ingest-stack.ts'
import { formEnd, part, sendForm } from '../../test/upload.ts'
import { inTransaction } from '../database.ts'
import { currentFingerprint } from '../schema-book.ts'
import { append } from '../sql/append.ts'
import { beginPut } from '../sql/begin-put.ts'
import { deleteObjects } from '../sql/reconcile.ts'
import { takeSweep } from '../sql/sweep.ts'
import { takeTurn } from './start-sweep.ts'
import { noCounts, type SweepCounts, sweepDryRun } from './sweep-objects.ts'

let stack: IngestStack
let pool: Pool
let store: ObjectStore
let ana: Account

beforeAll(async () => {
  stack = await createIngestStack(['ingest', 'events-writer'])
  pool = createPool({ url: stack.database.url, applicationName: 'sweep-test', max: 4 })
  const { env } = stack
  store = createS3Store({
    endpoint: env['S3_ENDPOINT'] ?? '',
    region: env['S3_REGION'] ?? '',
    bucket: stack.bucket,
    accessKeyId: env['S3_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: env['S3_SECRET_ACCESS_KEY'] ?? '',
  })
  ana = await stack.createAccount()
}, 300_000)
afterAll(async () => {
  await store?.close()
  await pool?.end()
  await stack?.close()
})

const text = { contentType: 'text/plain' }
const bytes = Buffer.from('some content')
const sha256 = sha256Hex(bytes)
const sql = (statement: string) => stack.database.superuserSql(statement)
const one = async (statement: string) => (await sql(statement))[0] ?? ''
const options = (ageMs = -60_000) => ({
  pool,
  store,
  logger: silentLogger,
  ageMs,
  signal: AbortSignal.timeout(60_000),
})
const turn = async (ageMs?: number): Promise<SweepCounts | false> => {
  const counts = noCounts()
  const took = await takeTurn(options(ageMs), 0, (found) => Object.assign(counts, found))
  return took && counts
}
const keysOf = (userId: UserId) => {
  const entityId = uuidv7() as EntityId
  return {
    content: contentKey({ userId, entityType: 'note', entityId, sha256, extension: 'md' }),
    attachment: attachmentKey({ userId, entityId, sha256, fileName: 'a.pdf' }),
    derived: derivedTextKey({ userId, entityId, sha256 }),
    export: exportKey({ userId, startedAt: 0, fileName: 'manifest.json' }),
    foreign: `users/${userId}/notes/backup.tar`,
  }
}
const putAll = async (keys: readonly string[]) => {
  for (const key of keys) await store.put(key, bytes, text)
}

/** An entity that refers to two objects. */
async function withObjects(userId: UserId) {
  const append1 = appendCall(userId)
  const aggregateId = append1.aggregates[0]?.id as AggregateId
  const { content, attachment } = keysOf(userId)
  const objects = []
  for (const key of [content, attachment]) {
    const put = { userId, idempotency: null, ids: {}, objectKey: key, leaseMs: 30_000 }
    const begun = await beginPut(pool, put)
    if (begun.outcome !== 'begun') throw new Error(begun.outcome)
    await store.put(key, bytes, text)
    objects.push({ key, aggregateId, sha256, size: bytes.length, ...text, leaseId: begun.lease_id })
  }
  await append(pool, { ...append1, objects })
  return { aggregateId, keys: [content, attachment] }
}

const purge = (userId: UserId, aggregateId: AggregateId) => {
  const blank = appendCall(userId)
  return append(pool, {
    ...blank,
    aggregates: [{ id: aggregateId, type: 'entity', expected: 1, state: {}, stateVersion: 1 }],
    events: [
      {
        id: uuidv7() as EventId,
        type: 'entity.purged',
        aggregateId,
        causationId: null,
        delta: encodeDelta('entity.purged', {}),
        fingerprint: currentFingerprint('entity.purged'),
      },
    ],
  })
}

describe('the sweep', () => {
  it('given objects that nothing refers to, what ingest puts goes, when it is old enough; nothing else', async () => {
    const keys = keysOf(newUser())
    await putAll(Object.values(keys))
    expect(await turn(3_600_000)).toMatchObject({ orphans: 0, deleted: 0, kept: 0 })
    const before = await sweepDryRun(options())
    expect(before).toMatchObject({ orphans: 2, orphanBytes: 2 * bytes.length, deleted: 0 })
    expect(await store.exists(keys.content)).toBe(true)
    expect(await turn()).toMatchObject({ orphans: 2, orphanBytes: 2 * bytes.length, deleted: 2 })
    expect([await store.exists(keys.content), await store.exists(keys.attachment)]).toEqual([false, false])
    for (const key of [keys.derived, keys.export, keys.foreign]) expect(await store.exists(key)).toBe(true)
    expect(await turn()).toMatchObject({ orphans: 0, deleted: 0 })
  })

  it('given files of exports, they go when they are old, and nothing else does for it', async () => {
    const keys = keysOf(newUser())
    await putAll([keys.export, keys.derived])
    const sweepWith = async (exportAgeMs: number) => {
      await takeTurn({ ...options(3_600_000), exportAgeMs }, 0, () => undefined)
      return Promise.all([keys.export, keys.derived].map((key) => store.exists(key)))
    }
    expect(await sweepWith(3_600_000)).toEqual([true, true])
    expect(await sweepWith(-60_000)).toEqual([false, true])
  })

  it('given objects in the ledger, under a lease, or of a request that may come again, they stay', async () => {
    const userId = newUser()
    const { keys } = await withObjects(userId)
    const [leased, pending] = [keysOf(userId).content, keysOf(userId).content]
    await beginPut(pool, { userId, idempotency: null, ids: {}, objectKey: leased, leaseMs: 60_000 })
    const idempotency = { key: 'k', requestHash: sha256 }
    await beginPut(pool, { userId, idempotency, ids: {}, objectKey: pending, leaseMs: 0 })
    await putAll([leased, pending])
    expect(await turn()).toMatchObject({ orphans: 0 })
    for (const key of [...keys, leased, pending]) expect(await store.exists(key)).toBe(true)
    await sql(`update write.idempotency set expires_at = clock_timestamp() where user_id = '${userId}';
               update write.object_leases set expires_at = clock_timestamp() where object_key = '${leased}'`)
    expect(await turn()).toMatchObject({ orphans: 2 })
    for (const key of keys) expect(await store.exists(key)).toBe(true)
    expect(await one(`select count(*) from write.object_leases where object_key = '${leased}'`)).toBe('0')
  })

  it('given a late put under a key that was given up, it is deleted once more', async () => {
    const { content } = keysOf(newUser())
    await putAll([content])
    expect(await turn()).toMatchObject({ deleted: 1 })
    await putAll([content])
    expect(await turn()).toMatchObject({ orphans: 1, deleted: 1 })
    expect(await store.exists(content)).toBe(false)
  })

  it('given a sweep that died between giving up and deleting, the next one deletes', async () => {
    const { content } = keysOf(newUser())
    await putAll([content])
    const dying = { ...store, delete: () => Promise.reject(new Error('killed')) }
    const swept: SweepCounts[] = []
    await expect(takeTurn({ ...options(), store: dying }, 0, (counts) => swept.push(counts))).rejects.toThrow(
      'killed',
    )
    expect(swept).toMatchObject([{ orphans: 1, deleted: 0 }])
    // A round is not even due.
    expect(await takeTurn(options(), 3_600_000, (counts) => swept.push(counts))).toBe(true)
    expect(swept[1]).toMatchObject({ deleted: 1 })
    expect(await store.exists(content)).toBe(false)
  })

  it('given a round that broke off, the next turn goes on behind where it was', async () => {
    const userId = newUser()
    await sql(`update write.sweeps set after_key = 'users/${userId}', ended_at = clock_timestamp()`)
    const asked: (string | undefined)[] = []
    const listening: ObjectStore = {
      ...store,
      list: (prefix, list) => {
        asked.push(list?.after)
        return store.list(prefix, list)
      },
    }
    await takeTurn({ ...options(), store: listening }, 3_600_000, () => undefined)
    await takeTurn({ ...options(), store: listening }, 3_600_000, () => undefined)
    await takeTurn({ ...options(), store: listening }, 0, () => undefined)
    expect(asked).toEqual([`users/${userId}`, undefined])
  })

  it('given a put that never ended, what it left is dropped once no put can take that long', async () => {
    const asked: number[] = []
    const listening: ObjectStore = {
      ...store,
      dropUnfinished: async (before) => {
        asked.push(Date.now() - before)
        return 3
      },
    }
    const swept: SweepCounts[] = []
    await takeTurn({ ...options(0), store: listening }, 0, (counts) => swept.push(counts))
    expect(asked[0]).toBeGreaterThanOrEqual(86_400_000)
    expect(swept).toMatchObject([{ unfinished: 3 }])
  })

  it('given another process that sweeps, this one does not', async () => {
    const other = await inTransaction(pool, (client) => takeSweep(client, { ttlMs: 60_000, everyMs: 0 }))
    expect(other?.due).toBe(true)
    expect(await turn()).toBe(false)
    await sql('update write.sweeps set expires_at = clock_timestamp()')
    expect(await turn()).not.toBe(false)
  })

  it('given a database that was restored and not reconciled, nothing is given up or deleted', async () => {
    const { content } = keysOf(newUser())
    await putAll([content])
    await sql(`update write.identity set settled = false`)
    expect(await turn()).toBe(false)
    // Nor by a sweep that began before.
    await sql(
      `delete from write.sweeps; insert into write.sweeps (epoch, expires_at) values (7, clock_timestamp())`,
    )
    expect(await sql(`select * from write.drop_orphans(7, array['${content}'])`)).toEqual([])
    expect(await store.exists(content)).toBe(true)
    await sql(`update write.identity set settled = true`)
    expect(await turn()).toMatchObject({ orphans: 1 })
  })

  it('given a user of whom the log knows more, their objects stay: the ledger cannot be relied on', async () => {
    const [behind, even] = [newUser(), newUser()]
    const [kept, gone] = [keysOf(behind).content, keysOf(even).content]
    await putAll([kept, gone])
    await sql(`insert into log.user_positions (user_id, seen) values ('${behind}', 1)`)
    expect(await turn()).toMatchObject({ orphans: 1 })
    expect([await store.exists(kept), await store.exists(gone)]).toEqual([true, false])
  })

  it('given a purge, the objects of the entity leave ledger and store, without waiting for a round', async () => {
    const userId = newUser()
    const [purged, other] = [await withObjects(userId), await withObjects(userId)]
    expect(await purge(userId, purged.aggregateId)).toMatchObject({ outcome: 'appended' })
    const ledger = `select object_key from write.objects where user_id = '${userId}' order by 1`
    expect(await sql(ledger)).toEqual([...other.keys].sort())
    await takeTurn(options(), 3_600_000, () => undefined)
    for (const key of purged.keys) expect(await store.exists(key)).toBe(false)
    for (const key of other.keys) expect(await store.exists(key)).toBe(true)
  })

  it('given a purge that fails, the ledger keeps its rows', async () => {
    const userId = newUser()
    const { keys } = await withObjects(userId)
    expect(await purge(userId, uuidv7() as AggregateId)).toMatchObject({ outcome: 'conflict' })
    expect(await one(`select count(*) from write.objects where user_id = '${userId}'`)).toBe(
      String(keys.length),
    )
  })

  it('given a purge that the reconciliation finds in the log, its objects go too', async () => {
    const userId = newUser()
    const { aggregateId, keys } = await withObjects(userId)
    await inTransaction(pool, (client) => deleteObjects(client, userId, aggregateId))
    await takeTurn(options(), 3_600_000, () => undefined)
    for (const key of keys) expect(await store.exists(key)).toBe(false)
  })
})

describe('ingest as a process', () => {
  it('given a kill between put and commit, the object is swept once nobody may come back for it', async () => {
    const dying = await stack.start({ SYNAP_CRASHPOINT: 'ingest.after_put', SWEEP_EVERY_MS: '0' })
    await dying.waitReady()
    const content = 'left behind by a kill'
    const post = (service: { url: string }, idempotencyKey: string) =>
      call(service, '/v1/entities', { body: { type: 'note', content }, key: ana.key, idempotencyKey })
    await expect(post(dying, 'killed')).rejects.toThrow('fetch failed')
    await dying.exited
    const orphan = await one(`select object_key from write.idempotency where idempotency_key = 'killed'`)
    expect(await store.exists(orphan)).toBe(true)
    await using service = await stack.start({ SWEEP_AGE_MS: '0', SWEEP_EVERY_MS: '100' }, { telemetry: true })
    await service.waitReady()
    const kept = await post(service, 'stays')
    const rounds = async () => one('select count(*) from write.sweeps where ended_at is not null')
    await eventually('a round is over', async () => (await rounds()) === '1')
    expect(await store.exists(orphan)).toBe(true)
    await sql(`update write.object_leases set expires_at = clock_timestamp();
               update write.idempotency set expires_at = clock_timestamp() where idempotency_key = 'killed'`)
    await eventually('the orphan is gone', async () => !(await store.exists(orphan)))
    const [key = ''] = await sql(
      `select object_key from write.objects where aggregate_id = '${String(kept.body['id'])}'`,
    )
    expect((await store.head(key)).sha256).toBe(createHash('sha256').update(content).digest('hex'))
    await eventually('it is counted', async () => {
      const metrics = await (await fetch(`${service.adminUrl}/metrics`)).text()
      expect(metrics).toMatch(/synap_ingest_sweep_orphan_objects(_total)?\S* [1-9]/)
      expect(metrics).toMatch(/synap_ingest_sweep_orphan_bytes(_total)?\S* [1-9]/)
      return true
    })
  })

  it('given an operator, a look at what would be swept, which changes nothing', async () => {
    const operator = await stack.createAccount('operate')
    const { content } = keysOf(newUser())
    await putAll([content])
    await using service = await stack.start({ SWEEP_AGE_MS: '0', SWEEP_EVERY_MS: '0' })
    await service.waitReady()
    const preview = (key: string) => call(service, '/internal/sweep', { key })
    const { status, body } = await preview(operator.key)
    expect(status).toBe(200)
    expect(body['orphans']).toBeGreaterThanOrEqual(1)
    expect(body['orphanBytes']).toBeGreaterThanOrEqual(bytes.length)
    expect(await store.exists(content)).toBe(true)
    expect((await preview(ana.key)).status).toBe(403)
  })

  it('given an item that is purged, its content and its attachments leave the store; another item stays whole', async () => {
    await using service = await stack.start({ SWEEP_EVERY_MS: '100' })
    await service.waitReady()
    const capture = async (content: string) => {
      const { body } = await call(service, '/v1/entities', { body: { type: 'note', content }, key: ana.key })
      return String(body['id'])
    }
    const [purged, kept] = [await capture('to be purged'), await capture('to be kept')]
    for (const id of [purged, kept]) {
      const path = `/v1/entities/${id}/attachments`
      expect(
        (await sendForm(service, [part('file', bytes, 'a.txt'), formEnd], { account: ana, path })).status,
      ).toBe(201)
    }
    const objectsOf = (id: string) =>
      sql(`select object_key from write.objects where aggregate_id = '${id}' order by 1`)
    const [before, others] = [await objectsOf(purged), await objectsOf(kept)]
    expect([before.length, others.length]).toEqual([2, 2])
    expect(
      (await call(service, `/v1/entities/${purged}:purge`, { method: 'POST', key: ana.key })).status,
    ).toBe(200)
    expect((await objectsOf(purged)).filter((key) => key !== '')).toEqual([])
    await eventually('its objects are gone', async () => {
      const there = await Promise.all(before.map((key) => store.exists(key)))
      return !there.includes(true)
    })
    for (const key of others) expect(await store.exists(key)).toBe(true)
  })

  it('given an upload under way, what was put for it stays until it expires', async () => {
    const service = await stack.start({ SWEEP_EVERY_MS: '0' })
    await service.waitReady()
    const body = { target: { kind: 'capture', entity: { type: 'note' } }, size: bytes.length, sha256 }
    const opened = await call(service, '/v1/uploads', { body, key: ana.key })
    const { url, headers } = opened.body['put'] as { url: string; headers: Record<string, string> }
    expect((await fetch(url, { method: 'PUT', headers, body: bytes })).status).toBe(200)
    const id = String(opened.body['id'])
    const key = await one(`select object_key from write.uploads where upload_id = '${id}'`)
    await turn()
    expect(await store.exists(key)).toBe(true)
    await sql(`update write.object_leases set expires_at = clock_timestamp() where object_key = '${key}'`)
    await turn()
    expect(await store.exists(key)).toBe(false)
    // Should it be put again now, it is no better: the lease is gone, and nobody is told that it was captured.
    await store.put(key, bytes, text)
    const late = await call(service, `/v1/uploads/${id}:complete`, { method: 'POST', key: ana.key })
    expect(late.status).toBe(503)
    expect(await one(`select count(*) from write.objects where object_key = '${key}'`)).toBe('0')
  })
})
