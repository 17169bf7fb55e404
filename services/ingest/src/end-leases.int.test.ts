import { sha256Hex, uuidv7 } from '@synap/core'
import { createPool, type Pool } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appendCall, newUser } from '../test/append-call.ts'
import { inTransaction } from './database.ts'
import { endLeases } from './end-leases.ts'
import { append } from './sql/append.ts'
import { type BeginPut, beginPut } from './sql/begin-put.ts'
import { takeRelayLease } from './sql/relay-lease.ts'

describe('the leases of a process that is gone', () => {
  let database: TestDatabase
  let pool: Pool

  beforeAll(async () => {
    database = await createTestDatabase(['ingest'])
    pool = createPool({ url: database.url, applicationName: 'end-leases-test', max: 2 })
  }, 300_000)
  afterAll(async () => {
    await pool?.end()
    await database?.close()
  })

  it('given requests under way, a retry goes on at once, and a late append of the first is refused', async () => {
    const userId = newUser()
    const idempotency = { key: 'the-key', requestHash: sha256Hex('request') }
    const put: BeginPut = {
      userId,
      idempotency,
      ids: { entityId: uuidv7() },
      objectKey: `users/${userId}/notes/a.md`,
      leaseMs: 30_000,
    }
    const first = await beginPut(pool, put)
    expect(await beginPut(pool, put)).toMatchObject({ outcome: 'in_flight' })
    expect(await endLeases(pool)).toBe(1)
    const second = await beginPut(pool, put)
    const { outcome, ids } = { ...first, ids: put.ids }
    expect(second).toMatchObject({ outcome, attempt: 2, ids, object_key: put.objectKey })
    const late = appendCall(userId, 1, { idempotency: { ...idempotency, attempt: 1, result: {} } })
    expect(await append(pool, late)).toEqual({ outcome: 'attempt_lost' })
  })

  it('given a result, it stays what a retry gets', async () => {
    const userId = newUser()
    const idempotency = { key: 'k', requestHash: sha256Hex('r'), attempt: null, result: {} }
    await append(pool, appendCall(userId, 1, { idempotency }))
    await endLeases(pool)
    expect(await append(pool, appendCall(userId, 1, { idempotency }))).toMatchObject({ outcome: 'replay' })
  })

  it('given a relay that held the lease, the next one takes it at once', async () => {
    const take = () => inTransaction(pool, (client) => takeRelayLease(client, uuidv7(), 60_000))
    expect(await take()).toBe(1)
    expect(await take()).toBeUndefined()
    await endLeases(pool)
    expect(await take()).toBe(2)
  })
})
