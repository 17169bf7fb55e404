import { parseEventHeaders } from '@synap/contracts'
import { sha256Hex } from '@synap/core'
import { eventually, startPrivateBroker, type TcpProxy } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBehindProxies } from '../test/behind-proxies.ts'
import { type Account, type Answer, call, createIngestStack, type IngestStack } from '../test/ingest-stack.ts'
import { readTopic } from '../test/topic-reader.ts'

let stack: IngestStack
let ana: Account

beforeAll(async () => {
  stack = await createIngestStack()
  ana = await stack.createAccount()
}, 300_000)

afterAll(() => stack?.close())

const capture = (service: { url: string }, body: unknown, idempotencyKey?: string): Promise<Answer> =>
  call(service, '/v1/entities', {
    body,
    key: ana.key,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  })

/** What of ana's is stored: events, objects in the ledger, keys with a result. */
const stored = async () => {
  const [line = ''] = await stack.database.superuserSql(`
    select (select count(*) from write.outbox where user_id = '${ana.userId}'),
           (select count(*) from write.objects where user_id = '${ana.userId}'),
           (select count(*) from write.idempotency where user_id = '${ana.userId}' and result is not null)`)
  return line
}

const endLease = (key: string) =>
  stack.database.superuserSql(
    `update write.idempotency set lease_expires_at = clock_timestamp() where idempotency_key = '${key}';`,
  )

const mintedFor = async (key: string) => {
  const [line = ''] = await stack.database.superuserSql(
    `select ids ->> 'entityId', object_key from write.idempotency where idempotency_key = '${key}'`,
  )
  const [id = '', objectKey = ''] = line.split('|')
  return { id, objectKey }
}

const crashing = async (point: string) => {
  const service = await stack.start({ SYNAP_CRASHPOINT: point })
  await service.waitReady()
  return service
}

describe('ingest killed', () => {
  it('given a kill after the put, the retry takes over with the same id and key, and there is one effect', async () => {
    const before = await stored()
    const dying = await crashing('ingest.after_put')
    const body = { type: 'note', content: 'after the put' }
    await expect(capture(dying, body, 'after-put')).rejects.toThrow('fetch failed')
    expect(await dying.exited).toMatchObject({ signal: 'SIGKILL' })
    expect(await stored()).toBe(before)
    const minted = await mintedFor('after-put')

    const service = await stack.start()
    await service.waitReady()
    const early = await capture(service, body, 'after-put')
    expect(early.status).toBe(409)
    expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(0)
    await endLease('after-put')
    const retry = await capture(service, body, 'after-put')
    expect(retry).toMatchObject({ status: 201, body: { id: minted.id } })
    const keys = await stack.database.superuserSql(
      `select object_key from write.objects where aggregate_id = '${minted.id}'`,
    )
    expect(keys).toEqual([minted.objectKey])
    expect((await capture(service, body, 'after-put')).body).toEqual(retry.body)
    expect((await service.stop()).code).toBe(0)
  })

  it('given a kill after the commit, the retry is the stored answer at once, with the same id', async () => {
    const dying = await crashing('ingest.after_commit')
    const body = { type: 'note', content: 'after the commit' }
    await expect(capture(dying, body, 'after-commit')).rejects.toThrow('fetch failed')
    expect(await dying.exited).toMatchObject({ signal: 'SIGKILL' })
    const [before, minted] = [await stored(), await mintedFor('after-commit')]

    const service = await stack.start()
    await service.waitReady()
    const retry = await capture(service, body, 'after-commit')
    expect(retry).toMatchObject({ status: 201, body: { id: minted.id } })
    expect(retry.headers.get('idempotency-replayed')).toBe('true')
    expect(await stored()).toBe(before)
    await service.stop()
  })

  it('given a kill after the commit of a call without content, the same holds', async () => {
    const dying = await crashing('ingest.after_commit')
    const body = { type: 'note', title: 'no content' }
    await expect(capture(dying, body, 'no-content')).rejects.toThrow('fetch failed')
    await dying.exited
    const before = await stored()
    const service = await stack.start()
    await service.waitReady()
    const retry = await capture(service, body, 'no-content')
    expect([retry.status, retry.headers.get('idempotency-replayed')]).toEqual([201, 'true'])
    expect(await stored()).toBe(before)
    await service.stop()
  })
})

const readiness = async (service: { adminUrl: string }) => {
  const response = await fetch(`${service.adminUrl}/readyz`)
  const { checks } = (await response.json()) as { checks: Record<string, string> }
  return { status: response.status, checks }
}

const isAway = (answer: Answer) => {
  expect(answer.status).toBe(503)
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
}

describe('a dependency that is away', () => {
  it('given Postgres cut off, 503 before anything is put; when it is back the retry succeeds', async () => {
    const { service, postgres, close } = await startBehindProxies(stack)
    // The key is known, so it is not the look-up of the credential that fails.
    await capture(service, { type: 'note', title: 'known' })
    const before = await stored()
    postgres.setMode('cut')
    isAway(await capture(service, { type: 'note', content: 'no database' }, 'no-database'))
    await eventually('readiness names it', async () => {
      const { status, checks } = await readiness(service)
      return status === 503 && checks['postgres'] !== 'ok'
    })
    expect(await stored()).toBe(before)
    expect(await mintedFor('no-database')).toEqual({ id: '', objectKey: '' })
    postgres.setMode('pass')
    const again = () => capture(service, { type: 'note', content: 'no database' }, 'no-database')
    await eventually('the retry succeeds', async () => (await again()).status === 201)
    await close()
  })

  it('given a lost answer to the append, it is looked up, not done again: the answer is as ever', async () => {
    const { service, postgres, close } = await startBehindProxies(stack)
    await capture(service, { type: 'note', title: 'known' })
    const before = await stored()
    const lost = loseAppendAnswer(postgres)
    const answer = await capture(service, { type: 'note', title: 'looked up' })
    expect(lost()).toBe(true)
    expect(answer).toMatchObject({ status: 201, body: { version: 1 } })
    const [events = 0, ...rest] = before.split('|').map(Number)
    expect(await stored()).toBe([events + 1, ...rest].join('|'))
    const [sequence] = await stack.database.superuserSql(
      `select sequence from write.streams where aggregate_id = '${String(answer.body['id'])}'`,
    )
    expect(answer.body['sequence']).toBe(Number(sequence))
    await close()
  })

  it('given a lost answer and a Postgres that is away then, 503 says the outcome is unknown; the retry is a replay', async () => {
    const { service, postgres, close } = await startBehindProxies(stack)
    await capture(service, { type: 'note', title: 'known' })
    const lost = loseAppendAnswer(postgres, () => postgres.setMode('cut'))
    const unknown = await capture(service, { type: 'note', title: 'unknown outcome' }, 'unknown')
    isAway(unknown)
    expect(lost()).toBe(true)
    expect(unknown.body['detail']).toContain('same Idempotency-Key')
    postgres.onAnswer(undefined)
    postgres.setMode('pass')
    const before = await stored()
    const retry = await eventually('the retry is answered', async () => {
      const answer = await capture(service, { type: 'note', title: 'unknown outcome' }, 'unknown')
      return answer.status === 503 ? undefined : answer
    })
    expect([retry.status, retry.headers.get('idempotency-replayed')]).toEqual([201, 'true'])
    expect(await stored()).toBe(before)
    await close()
  })

  it('given a store that is away, 503 and no event; the retry does not have to wait for the lease', async () => {
    const { service, objects, close } = await startBehindProxies(stack)
    const before = await stored()
    const body = { type: 'note', content: 'no store' }
    objects.setMode('cut')
    isAway(await capture(service, body, 'no-store'))
    expect(await stored()).toBe(before)
    const minted = await mintedFor('no-store')
    objects.setMode('pass')
    expect(await capture(service, body, 'no-store')).toMatchObject({ status: 201, body: { id: minted.id } })
    await close()
  })
})

/** Resets the connection in place of the first answer that tells a sequence: the commit is done, nobody hears of it. */
function loseAppendAnswer(proxy: TcpProxy, then: () => void = () => undefined): () => boolean {
  let lost = false
  proxy.onAnswer((chunk) => {
    if (lost || !chunk.includes('"outcome": "appended"')) return 'pass'
    lost = true
    then()
    return 'lose'
  })
  return () => lost
}

describe('Kafka away', () => {
  it('given a broker that is down, captures answer 201, readiness says degraded, and they flow when it is back', async () => {
    await using broker = await startPrivateBroker()
    const kafka = { KAFKA_BROKERS: broker.env.KAFKA_BROKERS }
    await stack.createTopics(kafka)
    const service = await stack.start({ ...kafka, OUTBOX_LIMIT: '1000000' })
    await service.waitReady()
    await broker.stopBroker('killed')
    const carl = await stack.createAccount()
    const titles = Array.from({ length: 10 }, (_, index) => `while away ${index}`)
    for (const title of titles) {
      const answer = await call(service, '/v1/entities', { body: { type: 'note', title }, key: carl.key })
      expect(answer.status).toBe(201)
    }
    await eventually('readiness says degraded', async () => {
      const { status, checks } = await readiness(service)
      return status === 200 && checks['kafka']?.startsWith('degraded')
    })
    await broker.startBroker()
    const topic = await readTopic(broker.env.KAFKA_BROKERS, stack.topic)
    const sequences = () =>
      topic.records().flatMap(({ headers }) => {
        const place = parseEventHeaders(headers)
        return place.ok && place.userId === carl.userId ? [place.sequence] : []
      })
    await eventually('all are on the topic', () => new Set(sequences()).size === 10, { deadlineMs: 40_000 })
    expect([...new Set(sequences())]).toEqual(titles.map((_, index) => index + 1))
    await topic.close()
    expect((await service.stop()).code).toBe(0)
  }, 120_000)

  it('given more events waiting than the limit, 503 before any effect', async () => {
    const service = await stack.start({ KAFKA_BROKERS: '127.0.0.1:1', OUTBOX_LIMIT: '3' })
    await service.waitReady()
    const answers: number[] = []
    for (let i = 0; i < 6; i += 1)
      answers.push((await capture(service, { type: 'note', title: `n${i}` })).status)
    expect(answers.at(-1)).toBe(503)
    const before = await stored()
    isAway(await capture(service, { type: 'note', content: 'too much', tags: ['x'] }))
    expect(await stored()).toBe(before)
    const objects = await stack.database.superuserSql(
      `select count(*) from write.object_leases where object_key like '%${sha256Hex('too much').slice(0, 16)}%'`,
    )
    expect(objects).toEqual(['0'])
    expect((await service.stop()).code).toBe(0)
  })
})

describe('a start that cannot work', () => {
  it('given a schema that was never registered, it ends with 78 and names the type', async () => {
    const rows = `where record_name = 'synap.events.EntityCreated'`
    await stack.database.superuserSql(
      `create table public.kept as select * from write.schemas ${rows}; delete from write.schemas ${rows};`,
    )
    const service = await stack.start()
    expect((await service.exited).code).toBe(78)
    expect(service.logs()).toContain('entity.created')
    await stack.database.superuserSql('insert into write.schemas select * from public.kept;')
  })

  it('given an environment with several mistakes, it lists all of them', async () => {
    const service = await stack.start({ DATABASE_URL: 'x', S3_BUCKET: '', OUTBOX_LIMIT: 'many' })
    expect((await service.exited).code).toBe(78)
    for (const name of ['DATABASE_URL', 'S3_BUCKET', 'OUTBOX_LIMIT']) expect(service.logs()).toContain(name)
  })
})
