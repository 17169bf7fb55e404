import { partitionOf, topics } from '@synap/contracts'
import { SynapError, type UserId, uuidv7 } from '@synap/core'
import { silentLogger, type Watermarks } from '@synap/messaging'
import { createPool, type Pool } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHistory, newEntity } from '../test/events.ts'
import { createReplayGate } from './await-replay.ts'
import { inTransaction } from './database.ts'

let database: TestDatabase
let pool: Pool
beforeAll(async () => {
  database = await createTestDatabase(['enricher'])
  pool = createPool({ url: database.url, applicationName: 'replay-test' })
}, 120_000)
afterAll(async () => {
  await pool?.end()
  await database?.close()
})

const hour = 3_600_000
const signal = () => AbortSignal.timeout(20_000)

/** A gate whose waits take no time, and move its clock; each is told to `onWait` by its number. */
function gateFor(userId: UserId, high: bigint, onWait: (times: number) => Promise<void>, fails = false) {
  const topic = `events-${uuidv7()}`
  const partition = partitionOf(userId, topics.events.partitions)
  let [now, times, asked] = [0, 0, 0]
  const marks: Watermarks = new Map([[partition, { low: 0n, high }]])
  const gate = createReplayGate({
    pool,
    topic,
    logger: silentLogger,
    log: {
      watermarks: async () => {
        asked += 1
        if (fails) throw new SynapError('away', { code: 'kafka.away', class: 'dependency' })
        return marks
      },
    },
    time: {
      now: () => now,
      wait: async (ms) => {
        now += ms
        await onWait((times += 1))
      },
    },
  })
  const moveTo = (offset: number, seen: number) =>
    inTransaction(pool, (client) =>
      client.query(`insert into enrich.positions (topic, partition, next_offset) values ('${topic}', ${partition}, ${offset})
          on conflict (topic, partition) do update set next_offset = excluded.next_offset;
        insert into enrich.user_positions (user_id, seen) values ('${userId}', ${seen})
          on conflict (user_id) do update set seen = excluded.seen`),
    )
  return { gate, moveTo, times: () => times, asked: () => asked, elapsed: () => now }
}

const oldJob = () => {
  const { userId, created } = createHistory(undefined, hour)
  return { userId, eventId: created(newEntity()).event.id }
}

describe('the gate of a replay', () => {
  it('given an old event, when the consumer is behind, then it waits until that is level and the user’s events have come', async () => {
    const job = oldJob()
    const at: Record<number, [offset: number, seen: number]> = { 3: [5, 1], 40: [10, 2], 42: [12, 3] }
    const { gate, moveTo, elapsed } = gateFor(job.userId, 10n, async (times) => {
      const place = at[times]
      if (place !== undefined) await moveTo(...place)
    })
    await gate.wait(job, signal())
    // Level at the 40th look; the user's last event came at the 42nd; then silence.
    expect(elapsed()).toBe(42 * 200 + 600)
    await gate.wait({ ...job, eventId: oldJob().eventId }, signal())
    expect(elapsed()).toBe(42 * 200 + 600)
  })

  it('given an event of now, when it asks for a job, then nobody waits and nobody is asked', async () => {
    const { userId, created } = createHistory()
    const { gate, times, asked } = gateFor(userId, 10n, async () => undefined)
    await gate.wait({ userId, eventId: created(newEntity()).event.id }, signal())
    expect([times(), asked()]).toEqual([0, 0])
  })

  it('given a consumer that is stuck, when it has not moved for half a minute, then enrichment goes on', async () => {
    const job = oldJob()
    const { gate, elapsed } = gateFor(job.userId, 10n, async () => undefined)
    await gate.wait(job, signal())
    expect(elapsed()).toBe(30_000)
  })

  it('given a topic that cannot be asked, when waited for, then enrichment goes on', async () => {
    const job = oldJob()
    const { gate, times } = gateFor(job.userId, 10n, async () => undefined, true)
    await gate.wait(job, signal())
    expect(times()).toBe(0)
  })

  it('given the end of the process, when it comes in the middle, then its reason ends the wait', async () => {
    const job = oldJob()
    const stop = new AbortController()
    const { gate } = gateFor(job.userId, 10n, async () => {
      stop.abort(new Error('stopping'))
      stop.signal.throwIfAborted()
    })
    await expect(gate.wait(job, stop.signal)).rejects.toThrow('stopping')
  })
})
