import { type AggregateId, sha256Hex, type TagId, type UserId, uuidv7 } from '@synap/core'
import { createPool, type Pool, transaction } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appendCall, newUser } from '../../test/append-call.ts'
import { inTransaction } from '../database.ts'
import { type AppendCall, append } from './append.ts'
import { abandonPut, type BeginPut, beginPut } from './begin-put.ts'
import { selectHeads } from './heads.ts'
import { markPublished, selectOutboxBetween, selectUnpublished } from './outbox.ts'
import { takeRelayLease } from './relay-lease.ts'

let database: TestDatabase
let pool: Pool

beforeAll(async () => {
  database = await createTestDatabase(['ingest'])
  pool = createPool({ url: database.url, applicationName: 'append-test', max: 16 })
}, 300_000)

afterAll(async () => {
  await pool?.end()
  await database?.close()
})

const outboxOf = (userId: UserId) =>
  inTransaction(pool, (client) => selectOutboxBetween(client, userId, 1, 1_000_000))

const rowsOf = async (userId: UserId) => {
  const [line = ''] = await database.superuserSql(`
    select (select count(*) from write.outbox where user_id = '${userId}'),
           (select count(*) from write.streams where user_id = '${userId}'),
           (select count(*) from write.objects where user_id = '${userId}'),
           (select count(*) from write.tags where user_id = '${userId}'),
           (select count(*) from write.idempotency where user_id = '${userId}' and result is not null)`)
  const [outbox, streams, objects, tags, results] = line.split('|').map(Number)
  return { outbox, streams, objects, tags, results }
}

describe('append: numbers', () => {
  it('given 16 clients at once on one user, sequences are 1..n and outbox ids rise with them', async () => {
    const userId = newUser()
    const rounds = Array.from({ length: 16 }, async (_, client) => {
      for (let i = 0; i < 20; i += 1) await append(pool, appendCall(userId, 1 + ((client + i) % 3)))
    })
    await Promise.all(rounds)
    const rows = await outboxOf(userId)
    expect(rows.length).toBeGreaterThan(400)
    expect(rows.map((row) => row.sequence)).toEqual(rows.map((_, index) => index + 1))
    const ids = rows.map((row) => row.id)
    expect(ids).toEqual([...ids].sort((a, b) => a - b))
    const times = rows.map((row) => row.occurred_at)
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })

  it('given several events of two aggregates in one call, each aggregate counts its own versions in order', async () => {
    const userId = newUser()
    const one = appendCall(userId, 2)
    const two = appendCall(userId, 1)
    const call = {
      ...one,
      aggregates: [...one.aggregates, ...two.aggregates],
      events: [one.events[0], two.events[0], one.events[1]] as AppendCall['events'],
    }
    const answer = await append(pool, call)
    expect(answer).toMatchObject({ outcome: 'appended', sequence: 3 })
    const rows = await outboxOf(userId)
    expect(rows.map((row) => [row.event_id, row.version, row.sequence])).toEqual([
      [one.events[0]?.id, 1, 1],
      [two.events[0]?.id, 1, 2],
      [one.events[1]?.id, 2, 3],
    ])
  })

  it('given a call about one aggregate, it leaves what the same call leaves when it reads another besides', async () => {
    const left = async (reads: boolean) => {
      const userId = newUser()
      const other = appendCall(userId)
      const [first] = other.aggregates
      if (first === undefined) throw new Error('the call has an aggregate')
      await append(pool, other)
      const read = reads ? [{ ...first, expected: 1, state: null }] : []
      const create = appendCall(userId, 3)
      const [aggregate] = create.aggregates
      if (aggregate === undefined) throw new Error('the call has an aggregate')
      const change = appendCall(userId, 2)
      const changed = { ...aggregate, expected: 3, state: { title: "it's \\ another" } }
      const events = change.events.map((event) => ({ ...event, aggregateId: aggregate.id }))
      const answers = [
        await append(pool, { ...create, aggregates: [aggregate, ...read] }),
        await append(pool, { ...change, aggregates: [changed, ...read], events }),
      ]
      const rows = await outboxOf(userId)
      const [stream] = await database.superuserSql(`
        select aggregate_type, version, sequence, state, state_version from write.streams
        where aggregate_id = '${aggregate.id}'`)
      expect(rows.slice(1).map((row) => row.event_id)).toEqual(
        [...create.events, ...events].map(({ id }) => id),
      )
      expect(rows.slice(1).every((row) => row.aggregate_id === aggregate.id)).toBe(true)
      const own = ['id', 'event_id', 'user_id', 'aggregate_id', 'occurred_at']
      const bare = rows.map((row) => Object.entries(row).filter(([name]) => !own.includes(name)))
      const ids = answers.flatMap((answer) =>
        answer.outcome === 'appended' ? (answer.outbox_ids ?? []) : [],
      )
      expect(ids).toEqual(rows.slice(1).map((row) => row.id))
      const told = answers.map((answer) => ({
        ...answer,
        outbox_ids: [],
        occurred_ms: 0,
        versions: answer.outcome === 'appended' ? Object.values(answer.versions) : [],
      }))
      return { told, bare, stream }
    }
    const alone = await left(false)
    expect(alone).toEqual(await left(true))
    expect(alone.told.map(({ versions }) => versions)).toEqual([[3], [5]])
    expect(alone.stream).toContain("it's")
  })

  it('given an event of an aggregate that the call does not name, all is refused', async () => {
    const userId = newUser()
    const call = appendCall(userId, 2)
    const [one, two] = call.events
    if (one === undefined || two === undefined) throw new Error('the call has two events')
    const stray = { ...two, aggregateId: uuidv7() as AggregateId }
    await expect(append(pool, { ...call, events: [one, stray] })).rejects.toMatchObject({
      code: 'postgres.check',
    })
    expect(await rowsOf(userId)).toMatchObject({ outbox: 0, streams: 0 })
  })

  it('given a stale version of a written or of a read-only aggregate, nothing changes and the current one is told', async () => {
    const userId = newUser()
    const first = appendCall(userId, 3)
    await append(pool, first)
    const before = await rowsOf(userId)
    const [aggregate] = first.aggregates
    if (aggregate === undefined) throw new Error('the call has an aggregate')
    const written = { ...appendCall(userId), aggregates: [{ ...aggregate, expected: 2 }] }
    const events = [{ ...(first.events[0] as (typeof first.events)[0]), aggregateId: aggregate.id }]
    expect(await append(pool, { ...written, events })).toEqual({
      outcome: 'conflict',
      aggregate_id: aggregate.id,
      current_version: 3,
    })
    const other = appendCall(userId)
    const readOnly = { ...aggregate, expected: 2, state: null }
    expect(
      await append(pool, {
        ...other,
        aggregates: [...other.aggregates, readOnly],
        tags: [{ id: uuidv7() as TagId, normalized: 'x', name: 'X' }],
        idempotency: { key: 'k', requestHash: sha256Hex('r'), attempt: null, result: {} },
      }),
    ).toMatchObject({ outcome: 'conflict', current_version: 3 })
    expect(await rowsOf(userId)).toEqual(before)
    expect(
      await append(pool, { ...other, aggregates: [...other.aggregates, { ...readOnly, expected: 3 }] }),
    ).toMatchObject({ outcome: 'appended', sequence: 4 })
  })

  it('given the id of another user’s aggregate, it is as unknown as any', async () => {
    const first = appendCall(newUser())
    await append(pool, first)
    const aggregate = first.aggregates[0] as (typeof first.aggregates)[0]
    const stranger = { ...first, userId: newUser(), aggregates: [{ ...aggregate, expected: 1 }] }
    expect(await append(pool, stranger)).toMatchObject({ outcome: 'conflict', current_version: 0 })
  })

  it('given one append held open, others commit past it and nothing of it is skipped afterwards', async () => {
    const [slow, quick] = [newUser(), newUser()]
    const released = Promise.withResolvers<void>()
    const appended = Promise.withResolvers<void>()
    const holding = inTransaction(pool, async (client) => {
      const { userId, events, aggregates } = appendCall(slow)
      await client.query(
        `select write.append($1, jsonb_build_object('source', 'api', 'correlation_id', repeat('a', 32),
           'actor_kind', 'user', 'now_ms', (extract(epoch from clock_timestamp()) * 1000)::bigint), $2, $3)`,
        [
          userId,
          JSON.stringify(aggregates.map((a) => ({ ...a, state_version: 1 }))),
          JSON.stringify(
            events.map((e) => ({
              id: e.id,
              type: e.type,
              aggregate_id: e.aggregateId,
              delta: '0a',
              schema: e.fingerprint,
            })),
          ),
        ],
      )
      appended.resolve()
      await released.promise
    })
    await appended.promise
    await append(pool, appendCall(quick))
    const mine = async () =>
      (await selectUnpublished(pool, 10_000))
        .filter((row) => row.user_id === slow || row.user_id === quick)
        .map((row) => row.user_id)
    expect(await mine()).toEqual([quick])
    released.resolve()
    await holding
    expect(await mine()).toEqual([slow, quick])
  })
})

describe('append: time', () => {
  const shiftLast = (userId: UserId, by: string) =>
    database.superuserSql(
      `update write.users set last_occurred_at = date_trunc('milliseconds', clock_timestamp()) + interval '${by}'
        where user_id = '${userId}' returning (extract(epoch from last_occurred_at) * 1000)::bigint;`,
    )

  it('given a last event ahead of the clock by less than a day, time stands still; by more, it jumps with an alarm', async () => {
    const userId = newUser()
    await append(pool, appendCall(userId))
    const [ahead] = await shiftLast(userId, '5 minutes')
    expect(await append(pool, appendCall(userId))).toMatchObject({
      occurred_ms: Number(ahead),
      clock_jump: false,
    })
    await shiftLast(userId, '25 hours')
    const jumped = await append(pool, appendCall(userId))
    expect(jumped).toMatchObject({ outcome: 'appended', clock_jump: true })
    expect(jumped.outcome === 'appended' && Math.abs(jumped.occurred_ms - Date.now()) < 60_000).toBe(true)
  })

  it('given more than a minute between the clocks, it refuses', async () => {
    const userId = newUser()
    const real = Date.now
    try {
      Date.now = () => real() + 61_000
      expect(await append(pool, appendCall(userId))).toMatchObject({ outcome: 'clock_difference' })
    } finally {
      Date.now = real
    }
    expect(await rowsOf(userId)).toMatchObject({ outbox: 0, streams: 0 })
  })
})

const begin = (userId: UserId, parts: Partial<BeginPut> = {}): BeginPut => ({
  userId,
  idempotency: { key: 'the-key', requestHash: sha256Hex('request') },
  ids: { entityId: uuidv7() },
  objectKey: `users/${userId}/notes/${uuidv7()}.md`,
  leaseMs: 30_000,
  ...parts,
})

const endLeases = (userId: UserId) =>
  database.superuserSql(
    `update write.idempotency set lease_expires_at = clock_timestamp() where user_id = '${userId}';`,
  )

function withObject(call: AppendCall, put: { object_key: string; lease_id: string }): AppendCall {
  const aggregateId = call.aggregates[0]?.id as AggregateId
  const object = {
    key: put.object_key,
    aggregateId,
    sha256: sha256Hex('x'),
    size: 1,
    contentType: 'text/plain',
  }
  return { ...call, objects: [{ ...object, leaseId: put.lease_id }] }
}

async function begun(put: BeginPut) {
  const answer = await beginPut(pool, put)
  if (answer.outcome !== 'begun') throw new Error(`not begun: ${answer.outcome}`)
  return answer
}

describe('append: idempotency', () => {
  it('given 20 calls without content and one key, one is appended and 19 are replays of it', async () => {
    const userId = newUser()
    const idempotency = { key: 'k', requestHash: sha256Hex('r'), attempt: null, result: { kind: 'test' } }
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => append(pool, appendCall(userId, 2, { idempotency }))),
    )
    const outcomes = answers.map(({ outcome }) => outcome).sort()
    expect(outcomes).toEqual(['appended', ...Array.from({ length: 19 }, () => 'replay')])
    expect(await rowsOf(userId)).toEqual({ outbox: 2, streams: 1, objects: 0, tags: 0, results: 1 })
    const other = { ...idempotency, requestHash: sha256Hex('another') }
    expect(await append(pool, appendCall(userId, 1, { idempotency: other }))).toEqual({ outcome: 'mismatch' })
    expect(await append(pool, appendCall(newUser(), 1, { idempotency: other }))).toMatchObject({
      outcome: 'appended',
    })
  })

  it('given a running attempt, others wait; when its lease is over, one takes over with the same ids and key', async () => {
    const userId = newUser()
    const put = begin(userId)
    const first = await begun(put)
    expect(await beginPut(pool, put)).toMatchObject({ outcome: 'in_flight' })
    const otherBody = begin(userId, { idempotency: { key: 'the-key', requestHash: sha256Hex('other') } })
    expect(await beginPut(pool, otherBody)).toEqual({ outcome: 'mismatch' })
    await endLeases(userId)
    const second = await begun(begin(userId))
    expect(second).toMatchObject({ attempt: 2, ids: first.ids, object_key: first.object_key })

    const idempotency = { key: 'the-key', requestHash: sha256Hex('request'), result: {} }
    const late = withObject(appendCall(userId, 1, { idempotency: { ...idempotency, attempt: 1 } }), first)
    expect(await append(pool, late)).toEqual({ outcome: 'attempt_lost' })
    expect(await rowsOf(userId)).toMatchObject({ outbox: 0, objects: 0, results: 0 })

    const owner = withObject(appendCall(userId, 1, { idempotency: { ...idempotency, attempt: 2 } }), second)
    expect(await append(pool, owner)).toMatchObject({ outcome: 'appended' })
    expect(await append(pool, owner)).toEqual({ outcome: 'attempt_lost' })
    expect(await beginPut(pool, put)).toMatchObject({
      outcome: 'replay',
      result: { append: { sequence: 1 } },
    })
  })

  it('given a put that failed and was given back, the next attempt need not wait', async () => {
    const userId = newUser()
    await begun(begin(userId))
    await abandonPut(pool, userId, 'the-key', 1)
    expect(await begun(begin(userId))).toMatchObject({ attempt: 2 })
    await abandonPut(pool, userId, 'the-key', 1)
    expect(await beginPut(pool, begin(userId))).toMatchObject({ outcome: 'in_flight' })
  })

  it('given a key that is older than a day, it counts as new', async () => {
    const userId = newUser()
    const idempotency = { key: 'old', requestHash: sha256Hex('r'), attempt: null, result: {} }
    await append(pool, appendCall(userId, 1, { idempotency }))
    await database.superuserSql(
      `update write.idempotency set expires_at = clock_timestamp() where user_id = '${userId}';`,
    )
    const other = { ...idempotency, requestHash: sha256Hex('other') }
    expect(await append(pool, appendCall(userId, 1, { idempotency: other }))).toMatchObject({ sequence: 2 })
  })

  it('given a lease that the sweep has taken, the append refuses to refer to the object', async () => {
    const userId = newUser()
    const put = await begun(begin(userId, { idempotency: null }))
    await database.superuserSql(`delete from write.object_leases where lease_id = '${put.lease_id}';`)
    expect(await append(pool, withObject(appendCall(userId), put))).toEqual({ outcome: 'lease_lost' })
    expect(await rowsOf(userId)).toMatchObject({ outbox: 0, objects: 0 })
  })
})

describe('append: tags', () => {
  it('given a tag that has another id, or an id that has another name, it answers with what to decide again', async () => {
    const userId = newUser()
    const [milk, other] = [uuidv7() as TagId, uuidv7() as TagId]
    const tags = (id: TagId, normalized: string) =>
      append(pool, appendCall(userId, 1, { tags: [{ id, normalized, name: normalized.toUpperCase() }] }))
    expect(await tags(milk, 'milk')).toMatchObject({ outcome: 'appended' })
    expect(await tags(other, 'milk')).toEqual({
      outcome: 'tags',
      tags: [{ normalized: 'milk', id: milk, name: 'MILK' }],
    })
    expect(await tags(milk, 'bread')).toEqual({
      outcome: 'tags',
      tags: [{ normalized: 'bread', id: null, name: null }],
    })
    expect(await tags(milk, 'milk')).toMatchObject({ outcome: 'appended', sequence: 2 })
  })
})

describe('what ingest publishes', () => {
  it('given an item half relayed, its status counts what waits; another user sees nothing', async () => {
    const userId = newUser()
    const call = appendCall(userId, 3)
    await append(pool, call)
    const rows = await outboxOf(userId)
    const status = async (asking: UserId) =>
      transaction(pool, { role: 'synap_query', userId: asking }, async (client) => {
        const { rows: found } = await client.query('select * from write.item_status($1)', [
          call.aggregates[0]?.id,
        ])
        return found[0] as Record<string, unknown>
      })
    expect(await status(userId)).toMatchObject({
      found: true,
      version: 3,
      sequence: 3,
      pending: 3,
      relayed_at: null,
    })
    const epoch = await inTransaction(pool, (client) => takeRelayLease(client, uuidv7(), 1))
    const publish = (index: number) => markPublished(pool, [rows[index]?.id ?? 0], epoch ?? 0)
    await publish(0)
    expect(await status(userId)).toMatchObject({ pending: 2, relayed_at: null })
    await publish(1)
    await publish(2)
    const done = await status(userId)
    expect(done).toMatchObject({ pending: 0 })
    expect(done['relayed_at']).toBeTypeOf('number')
    expect(await status(newUser())).toMatchObject({ found: false, version: null, stored_at: null })
  })

  it('given users who wrote, heads names those who have been quiet, page by page', async () => {
    const users = [newUser(), newUser(), newUser()]
    for (const userId of users) await append(pool, appendCall(userId, 2))
    const mine = async (olderThanMs: number) => {
      const found = await inTransaction(pool, (client) => selectHeads(client, olderThanMs, null, 10_000))
      return found.filter((row) => users.includes(row.user_id))
    }
    expect(await mine(60_000)).toEqual([])
    expect(await mine(0)).toEqual(users.map((userId) => ({ user_id: userId, sequence: 2 })))
    const [page] = await inTransaction(pool, (client) => selectHeads(client, 0, users[0] ?? null, 1))
    expect(page).toEqual({ user_id: users[1], sequence: 2 })
  })

  it('given the role of query, no table of ingest can be read', async () => {
    const read = transaction(pool, { role: 'synap_query' }, (client) =>
      client.query('select from write.streams'),
    )
    await expect(read).rejects.toMatchObject({ code: 'postgres.denied' })
    const call = transaction(pool, { role: 'synap_query' }, (client) =>
      client.query('select write.extend_outbox()'),
    )
    await expect(call).rejects.toMatchObject({ code: 'postgres.denied' })
  })
})
