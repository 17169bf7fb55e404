import { silentLogger } from '@synap/messaging'
import { createPool, type Pool } from '@synap/postgres'
import { eventually, type TestService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, call, createIngestStack, type IngestStack } from '../test/ingest-stack.ts'
import { createKeyUse } from './key-use.ts'

let stack: IngestStack
let service: TestService
let pool: Pool

beforeAll(async () => {
  stack = await createIngestStack()
  service = await stack.start()
  pool = createPool({ url: stack.database.url, applicationName: 'key-use-test' })
  await service.waitReady()
}, 300_000)

afterAll(async () => {
  await pool?.end()
  await stack?.close()
})

const isUsed = async (keyId: string) => {
  const [line] = await stack.database.superuserSql(
    `select last_used_at > now() - interval '30 minutes' from write.api_keys where key_id = '${keyId}'`,
  )
  return line === 't'
}
const forget = (keyId: string) =>
  stack.database.superuserSql(
    `update write.api_keys set last_used_at = now() - interval '1 hour' where key_id = '${keyId}'`,
  )
const ownKey = (account: Account) => call(service, '/v1/keys/current', { key: account.key })

describe('the last use of a key', () => {
  it('given a request, it is noted, and any key may read itself', async () => {
    const ana = await stack.createAccount('read')
    const { status, body } = await ownKey(ana)
    expect({ status, body }).toMatchObject({ status: 200, body: { userId: ana.userId, scopes: ['read'] } })
    expect(JSON.stringify(body)).not.toContain(ana.key)
    await eventually('the use is noted', () => isUsed(String(body['id'])))
  })

  it('given a key that another service asks about, it is noted too', async () => {
    const services = await stack.createAccount('act:any')
    const ben = await stack.createAccount('read')
    const asked = await call(service, '/internal/introspect', { body: { key: ben.key }, key: services.key })
    expect(asked.body).toMatchObject({ active: true, userId: ben.userId })
    await eventually('the use is noted', () => isUsed(String(asked.body['keyId'])))
  })

  it('given a row that cannot be written, the request does not wait for it', async () => {
    const eve = await stack.createAccount('read')
    const client = await pool.connect()
    try {
      await client.query('begin')
      await client.query(`select set_config('role', 'synap_ingest', true)`)
      await client.query(`select 1 from write.api_keys where user_id = $1 for update`, [eve.userId])
      const { status, body } = await ownKey(eve)
      expect(status).toBe(200)
      // While the lock is still held.
      expect(await isUsed(String(body['id']))).toBe(false)
      await client.query('commit')
      await eventually('the use is noted', () => isUsed(String(body['id'])))
    } finally {
      client.release()
    }
  })

  it('given many uses within a minute, one is written; then the next', async () => {
    const zoe = await stack.createAccount('read')
    const keyId = String((await ownKey(zoe)).body['id'])
    await eventually('the use is noted', () => isUsed(keyId))
    await forget(keyId)
    let clock = 0
    const uses = createKeyUse({ pool, logger: silentLogger, now: () => clock })
    uses.note(keyId)
    await uses.close()
    expect(await isUsed(keyId)).toBe(true)
    await forget(keyId)
    clock = 59_999
    uses.note(keyId)
    await uses.close()
    expect(await isUsed(keyId)).toBe(false)
    clock = 60_000
    uses.note(keyId)
    await uses.close()
    expect(await isUsed(keyId)).toBe(true)
  })
})
