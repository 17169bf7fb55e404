import { generateApiKey } from '@synap/auth'
import { type UserId, uuidv7 } from '@synap/core'
import { createPool, type Pool } from '@synap/postgres'
import {
  createTestDatabase,
  eventually,
  startService,
  type TestDatabase,
  type TestService,
  useStack,
} from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startIntrospection } from '../test/introspection.ts'
import { openStream } from '../test/read-stream.ts'
import { seedEntity } from '../test/seed.ts'
import { seedEvents } from '../test/seed-events.ts'

describe('query', () => {
  const anna = uuidv7() as UserId
  const key = generateApiKey()
  let database: TestDatabase
  let pool: Pool
  let introspection: Awaited<ReturnType<typeof startIntrospection>>
  let service: TestService
  let env: Record<string, string>

  beforeAll(async () => {
    const stack = await useStack('postgres', 'object-store')
    database = await createTestDatabase(['ingest', 'events-writer', 'projector', 'enricher'])
    pool = createPool({ url: database.url, applicationName: 'test' })
    introspection = await startIntrospection(new Map([[key, anna]]))
    env = {
      ...stack.env,
      DATABASE_URL: database.url,
      DATABASE_DIRECT_URL: database.url,
      INGEST_URL: introspection.url,
      SERVICE_API_KEY: `syn_${'k'.repeat(43)}`,
    }
    service = await startService('query', env, { telemetry: true })
    await service.waitReady()
  })
  afterAll(async () => {
    await service.stop()
    introspection.close()
    await pool.end()
    await database.close()
  })
  const get = (path: string, bearer = key) =>
    fetch(`${service.url}${path}`, { headers: { authorization: `Bearer ${bearer}` } })

  it('given a key that ingest does not know, or none at all, it is 401', async () => {
    expect((await get('/v1/entities', generateApiKey())).status).toBe(401)
    expect((await fetch(`${service.url}/v1/entities`)).status).toBe(401)
    expect((await get('/v1/entities')).status).toBe(200)
  })

  it('given a reader that waits, the notification of a batch wakes it at once', async () => {
    const reading = get('/v1/entities?min_sequence=3&wait=9000')
    await seedEntity(pool, { userId: anna, sequence: 3, title: 'late' })
    const committed = performance.now()
    const answer = await reading
    expect(answer.status).toBe(200)
    expect(answer.headers.get('synap-sequence')).toBe('3')
    expect(performance.now() - committed).toBeLessThan(2_000)
  })

  it('given a kill, a stream is resumed where it was: nothing is missing, nothing comes twice', async () => {
    const first = await startService('query', env)
    await first.waitReady()
    await seedEvents(pool, anna, [{}, {}, {}])
    const before = await openStream(first.url, key, { since: 0 })
    expect(await before.take(2)).toEqual([1, 2])
    first.kill('SIGKILL')
    await first.exited
    await before.cancel()
    await seedEvents(pool, anna, [{}, {}])
    await using second = await startService('query', { ...env, PORT: new URL(first.url).port })
    await second.waitReady()
    const after = await openStream(second.url, key, { lastEventId: 2 })
    expect(await after.take(3)).toEqual([3, 4, 5])
    const next = after.take(1)
    await seedEvents(pool, anna, [{}])
    expect(await next).toEqual([6])
    // whose key it is, is asked anew
    expect((await openStream(second.url, generateApiKey(), { lastEventId: 2 })).status).toBe(401)
    const ending = after.next()
    expect(await second.stop()).toMatchObject({ code: 0 })
    expect(await ending).toBeUndefined()
  })

  it('given ingest is away, a known key is honoured and a new one cannot be told', async () => {
    introspection.goAway()
    expect((await get('/v1/entities')).status).toBe(200)
    expect((await get('/v1/entities', generateApiKey())).status).toBe(503)
  })

  it('given questions and content, neither is in a log line', async () => {
    await get('/v1/search?q=verysecretquestion')
    await eventually('the line is there', () => service.logs().includes('/v1/search'))
    expect(service.logs()).not.toContain('verysecretquestion')
    expect(service.logs()).not.toContain(key)
  })

  it('given probes, the API does not answer them and the admin port does', async () => {
    expect((await fetch(`${service.url}/metrics`)).status).toBe(404)
    const ready = await fetch(`${service.adminUrl}/readyz`)
    expect(await ready.json()).toMatchObject({ checks: { database: 'ok', 'object-store': 'ok' } })
    expect(await (await fetch(`${service.adminUrl}/metrics`)).text()).toContain('synap_query_http_requests')
  })

  it('given a database without a read model, it does not start and says so', async () => {
    await using empty = await createTestDatabase()
    await using lost = await startService('query', { ...env, DATABASE_URL: empty.url })
    expect((await lost.exited).code).toBe(78)
    expect(lost.logs()).toContain('postgres.')
  })

  it('given SIGTERM, it ends with nothing in doubt', async () => {
    await using other = await startService('query', env)
    await other.waitReady()
    expect(await other.stop()).toMatchObject({ code: 0 })
  })
})
