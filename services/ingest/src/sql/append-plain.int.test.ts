import { type AggregateId, type UserId, uuidv7 } from '@synap/core'
import { createPool, type Pool } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appendCall, newUser } from '../../test/append-call.ts'
import { registerDirectly } from '../../test/register-directly.ts'
import { type AppendCall, type AppendOutcome, append } from './append.ts'
import { appendPlain, isPlain } from './append-plain.ts'

let database: TestDatabase
let pool: Pool

beforeAll(async () => {
  database = await createTestDatabase(['ingest'])
  pool = createPool({ url: database.url, applicationName: 'plain-test', max: 4 })
  await registerDirectly(pool)
}, 300_000)

afterAll(async () => {
  await pool?.end()
  await database?.close()
})

const hash = (letter: string) => letter.repeat(64)
const idempotency = (key: string, letter = 'a') => ({
  key,
  requestHash: hash(letter),
  attempt: null,
  result: { status: 201 },
})

/** A later change of what `call` wrote. */
function changeOf(call: AppendCall, expected: number): AppendCall {
  const next = appendCall(call.userId)
  const [aggregate] = call.aggregates
  if (aggregate === undefined) throw new TypeError('a call has an aggregate')
  return {
    ...next,
    aggregates: [{ ...aggregate, expected, state: { title: 'changed' } }],
    events: next.events.map((event) => ({ ...event, aggregateId: aggregate.id })),
  }
}

interface Lives {
  before: AppendCall[]
  calls: AppendCall[]
}

/** The same every time but for the ids: each outcome that a plain call can have. */
function lives(): Lives {
  const [old, fresh, keyed] = [newUser(), newUser(), newUser()]
  const known = appendCall(old)
  const twice = appendCall(keyed, 1, { idempotency: idempotency('twice') })
  const other = appendCall(keyed, 1, { idempotency: idempotency('other') })
  return {
    before: [known, twice, other],
    calls: [
      changeOf(known, 1),
      appendCall(old),
      appendCall(fresh),
      appendCall(fresh, 1, { idempotency: idempotency('first') }),
      changeOf(appendCall(fresh), 4),
      { ...appendCall(keyed), idempotency: idempotency('twice') },
      { ...appendCall(keyed), idempotency: idempotency('other', 'b') },
      appendCall(keyed),
    ],
  }
}

/** With the users' and aggregates' ids by their place in the calls, and without times. */
function comparable(calls: readonly AppendCall[], text: string): string {
  const ids = calls.flatMap((call) => [call.userId, ...call.aggregates.map(({ id }) => id)])
  const events = calls.flatMap((call) => call.events.map(({ id }) => id))
  let named = text.replace(/"occurred_ms": ?\d+/g, '"occurred_ms": 0')
  for (const [place, id] of [...ids, ...events].entries()) named = named.replaceAll(id, `#${place}`)
  return named
}

async function rowsOf(calls: readonly AppendCall[]): Promise<string> {
  const users = `'{${[...new Set(calls.map(({ userId }) => userId))].join()}}'::uuid[]`
  const rows = [
    ...(await database.superuserSql(
      `select to_jsonb(o) - '{id,occurred_at,created_at}'::text[] from write.outbox o
       where user_id = any (${users}) order by user_id, sequence`,
    )),
    ...(await database.superuserSql(
      `select to_jsonb(s) - '{created_at,updated_at}'::text[] from write.streams s
       where user_id = any (${users}) order by user_id, aggregate_id`,
    )),
    ...(await database.superuserSql(
      `select user_id, sequence from write.users where user_id = any (${users}) order by user_id`,
    )),
    ...(await database.superuserSql(
      `select to_jsonb(i) - '{lease_expires_at,expires_at,created_at}'::text[] from write.idempotency i
       where user_id = any (${users}) order by user_id, idempotency_key`,
    )),
  ]
  return rows.join('\n')
}

describe('plain appends in one transaction', () => {
  it('given each outcome there is, answers and rows are those of appends made one after the other', async () => {
    const [single, together] = [lives(), lives()]
    for (const call of [...single.before, ...together.before]) await append(pool, call)
    const alone: AppendOutcome[] = []
    for (const call of single.calls) alone.push(await append(pool, call))
    const grouped = await appendPlain(pool, together.calls)

    expect(alone.map(({ outcome }) => outcome)).toEqual([
      'appended',
      'appended',
      'appended',
      'appended',
      'conflict',
      'replay',
      'mismatch',
      'appended',
    ])
    const all = ({ before, calls }: Lives) => [...before, ...calls]
    const told = (answers: readonly AppendOutcome[]) =>
      JSON.stringify(
        answers.map((answer) => ({ ...answer, ...('outbox_ids' in answer && { outbox_ids: 'some' }) })),
        null,
        1,
      )
    expect(comparable(all(together), told(grouped)).split('\n')).toEqual(
      comparable(all(single), told(alone)).split('\n'),
    )
    const written = comparable(all(single), await rowsOf(all(single))).split('\n')
    expect(written.length).toBeGreaterThan(15)
    expect(comparable(all(together), await rowsOf(all(together))).split('\n')).toEqual(written)
  })

  it('given one that cannot be done, none of them is', async () => {
    const [good, wrong] = [appendCall(newUser()), appendCall(newUser())]
    const [event] = wrong.events
    if (event === undefined) throw new TypeError('a call has an event')
    const broken = { ...wrong, events: [{ ...event, fingerprint: 'no hash' }] }
    await expect(appendPlain(pool, [good, broken])).rejects.toBeInstanceOf(Error)
    expect(await rowsOf([good, broken])).toBe('')
  })

  it('given two of one aggregate, none of them is done rather than one of them lost', async () => {
    const first = appendCall(newUser())
    await expect(appendPlain(pool, [first, changeOf(first, 0)])).rejects.toBeInstanceOf(Error)
    expect(await rowsOf([first])).toBe('')
  })

  it('given a clock that is far off, the call stops and the others are done', async () => {
    const calls = [appendCall(newUser()), appendCall(newUser())]
    const now = Date.now
    const answers = appendPlain(pool, calls)
    expect((await answers).map(({ outcome }) => outcome)).toEqual(['appended', 'appended'])
    Date.now = () => now() + 3_600_000
    try {
      const [late] = await appendPlain(pool, [appendCall(newUser())])
      expect(late).toMatchObject({ outcome: 'clock_difference' })
    } finally {
      Date.now = now
    }
  })

  it('given a call with more than one event, with a tag, an object or another aggregate, it is not plain', () => {
    const userId: UserId = newUser()
    const id = uuidv7() as AggregateId
    const plain = appendCall(userId)
    expect(isPlain(plain)).toBe(true)
    expect(isPlain(appendCall(userId, 2))).toBe(false)
    expect(isPlain({ ...plain, aggregates: [...plain.aggregates, ...appendCall(userId).aggregates] })).toBe(
      false,
    )
    expect(isPlain({ ...plain, events: plain.events.map((event) => ({ ...event, aggregateId: id })) })).toBe(
      false,
    )
    expect(isPlain({ ...plain, tags: [{ id: uuidv7() as never, normalized: 'home', name: 'Home' }] })).toBe(
      false,
    )
  })
})
