import { parseEventHeaders } from '@synap/contracts'
import type { UserId } from '@synap/core'
import { eventually, type TestService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, call, createIngestStack, type IngestStack } from '../test/ingest-stack.ts'
import { readTopic } from '../test/topic-reader.ts'
import { keepMs } from './drop-outbox.ts'

let stack: IngestStack
let ingest: TestService
let topic: Awaited<ReturnType<typeof readTopic>>
let ana: Account
let carl: Account
let operator: Account

beforeAll(async () => {
  stack = await createIngestStack(['ingest', 'events-writer'])
  ana = await stack.createAccount()
  carl = await stack.createAccount()
  operator = await stack.createAccount('operate')
  const services = await stack.createAccount('act:any', 'read', 'write')
  ingest = await stack.start()
  await ingest.waitReady()
  await stack.startPart('events-writer', { INGEST_URL: ingest.url, SERVICE_API_KEY: services.key })
  topic = await readTopic(stack.env['KAFKA_BROKERS'] ?? '', stack.topic)
  // More than one call's worth of one user, and another user.
  for (let batch = 0; batch < 21; batch += 1) {
    const bodies = Array.from({ length: 25 }, (_, index) => ({ type: 'note', title: `n${batch} ${index}` }))
    await Promise.all(bodies.map((body) => call(ingest, '/v1/entities', { body, key: ana.key })))
  }
  for (const title of ['one', 'two', 'three'])
    await call(ingest, '/v1/entities', { body: { type: 'note', title }, key: carl.key })
  await eventually(
    'all are on the topic',
    () => of(ana.userId).length === 525 && of(carl.userId).length === 3,
    {
      deadlineMs: 60_000,
    },
  )
  await eventually('all are in the log', () => inLog([525, 3]), { deadlineMs: 60_000 })
}, 300_000)

afterAll(async () => {
  await topic?.close()
  await stack?.close()
})

const records = (user: UserId) => topic.records().filter(({ key }) => key === user)
const of = (user: UserId) =>
  records(user).map(({ headers }) => {
    const place = parseEventHeaders(headers)
    if (!place.ok) throw new Error(place.reason)
    return place.sequence
  })

const inLog = async (numbers: readonly number[]) => {
  const counts = await stack.database.superuserSql(
    `select count(*) from log.events where user_id in ('${ana.userId}', '${carl.userId}') group by user_id order by 1 desc`,
  )
  return counts.join() === numbers.join()
}

const upTo = (n: number) => Array.from({ length: n }, (_, index) => index + 1)

/** What all calls came to, and how many there were. */
async function republish(body: object) {
  const sum = { events: 0, absent: 0, calls: 0 }
  for (let cursor: unknown; cursor !== null; sum.calls += 1) {
    const page: object = cursor === undefined ? body : { ...body, cursor }
    const answer = await call(ingest, '/internal/outbox/republish', { body: page, key: operator.key })
    expect(answer.status).toBe(200)
    sum.events += Number(answer.body['events'])
    sum.absent += Number(answer.body['absent'])
    cursor = answer.body['next']
  }
  return sum
}

describe('publishing again', () => {
  it('given a dry run, it counts and nothing is published', async () => {
    const before = topic.records().length
    const since = new Date(Date.now() - 60_000 * 60).toISOString()
    expect(await republish({ since, dryRun: true })).toMatchObject({ events: 528, absent: 0 })
    expect(topic.records().length).toBe(before)
  })

  it('given a time, every event from then on is on the topic again, in order, with the same bytes; the log stays', async () => {
    const [first] = records(ana.userId)
    const since = new Date(Date.now() - 60_000 * 60).toISOString()
    expect(await republish({ since })).toEqual({ events: 528, absent: 0, calls: 2 })
    await eventually(
      'all are there twice',
      () => of(ana.userId).length === 1_050 && of(carl.userId).length === 6,
    )
    expect(of(ana.userId).slice(525)).toEqual(upTo(525))
    expect(of(carl.userId).slice(3)).toEqual(upTo(3))
    expect(records(ana.userId)[525]?.value).toEqual(first?.value)
    await call(ingest, '/v1/entities', { body: { type: 'note', title: 'four' }, key: carl.key })
    // Behind the repetition on the same partition: whoever has it, has passed that.
    await eventually('the next one is in the log', () => inLog([525, 4]))
    expect(await stack.database.superuserSql('select count(*) from log.parked')).toEqual(['0'])
  })

  it('given a user and a sequence, only what follows it is', async () => {
    const before = of(carl.userId).length
    expect(await republish({ user: carl.userId, fromSequence: 3 })).toMatchObject({ events: 2 })
    await eventually('both are there', () => of(carl.userId).length === before + 2)
    expect(of(carl.userId).slice(before)).toEqual([3, 4])
  })

  it('given events that left the outbox, they are made again from the log', async () => {
    const [kept] = await stack.database.superuserSql(
      `with gone as (delete from write.outbox where user_id = '${carl.userId}' and sequence < 4 returning 1)
       select count(*) from gone`,
    )
    expect(kept).toBe('3')
    const before = of(carl.userId).length
    const since = new Date(Date.now() - keepMs - 60_000).toISOString()
    expect(await republish({ user: carl.userId, since })).toMatchObject({ events: 4, absent: 0 })
    await eventually('all are there', () => of(carl.userId).length === before + 4)
    expect(records(carl.userId)[before]?.value).toEqual(records(carl.userId)[0]?.value)
  })

  it('given an event that waits, it is left to the relay: none is published before its turn', async () => {
    // As if the relay before had held the user back.
    await ingest.stop()
    await stack.database.superuserSql(
      `insert into write.relay_quarantine (user_id, outbox_id, event_id, sequence, reason)
       values ('${carl.userId}', 0, gen_random_uuid(), 5, 'test');`,
    )
    ingest = await stack.start()
    await ingest.waitReady()
    await call(ingest, '/v1/entities', { body: { type: 'note', title: 'five' }, key: carl.key })
    expect(await republish({ user: carl.userId, dryRun: true })).toMatchObject({ events: 4 })
  })

  it('given a user who is held back, the status says so, and a retry lets the events flow', async () => {
    const status = (await call(ingest, '/internal/outbox', { key: operator.key })).body
    expect(status).toMatchObject({
      unpublished: 1,
      write: 'ok',
      quarantined: [{ userId: carl.userId, sequence: 5, reason: 'test', waiting: 1 }],
    })
    const retry = await call(ingest, '/internal/outbox/retry', { body: {}, key: operator.key })
    expect(retry.body).toEqual({ released: 1 })
    await eventually('the fifth is in the log', () => inLog([525, 5]))
  })

  it.each(['/internal/outbox/republish', '/internal/outbox/retry'])(
    'given no scope operate, %s is refused',
    async (path) => {
      expect((await call(ingest, path, { body: { user: carl.userId }, key: carl.key })).status).toBe(403)
    },
  )

  it.each([{}, { fromSequence: 3, since: '2026-01-01T00:00:00Z' }, { user: 'x' }])(
    'given %j, it is not valid',
    async (body) => {
      expect((await call(ingest, '/internal/outbox/republish', { body, key: operator.key })).status).toBe(400)
    },
  )
})
