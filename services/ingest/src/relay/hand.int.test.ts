import { SynapError, type UserId } from '@synap/core'
import { type Publisher, silentLogger } from '@synap/messaging'
import { eventually } from '@synap/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { appendCall, newUser } from '../../test/append-call.ts'
import { createRelayStack, distinct, type RelayStack, sequencesOf, upTo } from '../../test/relay-stack.ts'
import { inTransaction } from '../database.ts'
import { recordOfOutboxRow } from '../encode-rows.ts'
import { createSchemaBook } from '../schema-book.ts'
import { type AppendCall, type AppendOutcome, append, appendEach } from '../sql/append.ts'
import { appendPlain } from '../sql/append-plain.ts'
import { findOutboxOverview, type OutboxRow, selectUnpublished } from '../sql/outbox.ts'
import { committedRows } from './committed-rows.ts'
import { prepareMessage } from './prepare-message.ts'
import { type Relay, type RelayOptions, startRelay } from './relay.ts'

let stack: RelayStack
const relays: Relay[] = []

beforeAll(async () => {
  stack = await createRelayStack()
}, 300_000)

afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.close()))
  await stack.database.superuserSql(
    'truncate write.relay_lease, write.relay_quarantine; delete from write.outbox;',
  )
})

afterAll(() => stack?.close())

/** Leads, and has looked at the outbox; it looks again when it is rung, not by its clock. */
async function startTestRelay(parts: Partial<RelayOptions> = {}): Promise<Relay> {
  const schemas = await createSchemaBook(stack.pool)
  const relay = startRelay({
    pool: stack.pool,
    publisher: stack.kafka.publisher(),
    topic: stack.topic,
    logger: silentLogger,
    prepare: (row) => prepareMessage(row, stack.topic, schemas),
    refresh: (rows) => schemas.refresh(rows.map(({ fingerprint }) => fingerprint)),
    leaseMs: 3_000,
    pollMs: 60_000,
    batchRows: 50,
    batchBytes: 512 * 1024,
    markAfterMs: 5,
    onPublished: () => undefined,
    onQuarantined: () => undefined,
    ...parts,
  })
  relays.push(relay)
  await eventually('it leads', () => relay.isLeader())
  return relay
}

/** What the relay is handed after an append. */
function rowsOf(call: AppendCall, answer: AppendOutcome | { outcome: 'failed' } | undefined): OutboxRow[] {
  const rows = answer?.outcome === 'appended' ? committedRows(call, answer) : undefined
  if (rows === undefined) throw new Error('nothing was appended')
  return rows
}

async function appended(userId: UserId, events = 1): Promise<OutboxRow[]> {
  const call = appendCall(userId, events)
  return rowsOf(call, await append(stack.pool, call))
}

const waiting = async () => (await inTransaction(stack.pool, findOutboxOverview)).unpublished
const drained = () =>
  eventually('the outbox is drained', async () => (await waiting()) === 0, { deadlineMs: 30_000 })
const arrived = (userId: UserId, sequences: readonly number[]) =>
  eventually(
    `the topic has ${sequences.length} events`,
    () => {
      expect(distinct(sequencesOf(stack.records(), userId))).toEqual(sequences)
      return true
    },
    { deadlineMs: 30_000 },
  )

describe('the rows of an append', () => {
  const other = () => {
    const call = appendCall(newUser())
    const [context] = [call.context]
    return {
      ...call,
      context: {
        ...context,
        source: 'automation',
        actor: { kind: 'service', id: newUser() },
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        tracestate: 'a=b',
      },
      events: call.events.map((event) => ({ ...event, causationId: event.id })),
    }
  }
  const ofTwo = () => {
    const [one, two] = [appendCall(newUser(), 2), appendCall(newUser(), 3)]
    const [a, b, c, d, e] = [...one.events, ...two.events]
    return {
      ...one,
      aggregates: [...one.aggregates, ...two.aggregates],
      events: [c, a, d, b, e],
    } as AppendCall
  }
  it.each<[string, () => AppendCall[], (calls: readonly AppendCall[]) => Promise<readonly unknown[]>]>([
    ['one event', () => [other()], async ([call]) => [call && (await append(stack.pool, call))]],
    ['several of one aggregate', () => [appendCall(newUser(), 3)], (calls) => appendEach(stack.pool, calls)],
    ['two aggregates in turn', () => [ofTwo()], (calls) => appendEach(stack.pool, calls)],
    [
      'calls that wait together',
      () => [other(), appendCall(newUser())],
      (calls) => appendPlain(stack.pool, calls),
    ],
  ])('given %s, they are what the outbox has', async (_, make, send) => {
    const calls = make()
    const answers = (await send(calls)) as AppendOutcome[]
    const rows = calls.flatMap((call, place) => rowsOf(call, answers[place]))
    const stored = await selectUnpublished(stack.pool, 100)
    expect(rows.sort((a, b) => a.id - b.id)).toEqual(stored)
  })
})

describe('rows that are handed to the relay', () => {
  it('given they follow on what was sent, they are on the topic without a look, as they would be after one', async () => {
    const relay = await startTestRelay()
    const userId = newUser()
    await appended(userId)
    relay.wake()
    await arrived(userId, [1])
    const rows = await appended(userId, 2)
    // Nobody can find them: they come by the hand-over or not at all.
    await stack.database.superuserSql(`update write.outbox set published_at = now() where sequence > 1;`)
    relay.hand(rows)
    await arrived(userId, upTo(3))
    const schemas = await createSchemaBook(stack.pool)
    for (const row of rows) {
      const record = stack.records().find(({ headers }) => headers['ce_id'] === row.event_id)
      const { key, value, headers } = recordOfOutboxRow(row, schemas)
      expect(record).toMatchObject({ key, value, headers })
    }
  })

  it('given an earlier event that only the outbox has, it is sent before them', async () => {
    const relay = await startTestRelay()
    const userId = newUser()
    relay.hand(await appended(userId))
    await arrived(userId, [1])
    // As another process would write it.
    await appended(userId)
    relay.hand(await appended(userId))
    await arrived(userId, upTo(3))
    expect(sequencesOf(stack.records(), userId)).toEqual(upTo(3))
    await drained()
  })

  it('given a row that is handed while a look is under way, it goes at once', async () => {
    const publisher = stack.kafka.publisher()
    const looked = Promise.withResolvers<void>()
    let meanwhile: (() => Promise<void>) | undefined
    const slow: Publisher = {
      ...publisher,
      publish: async (topic, messages, signal) => {
        const first = meanwhile
        meanwhile = undefined
        await first?.()
        await publisher.publish(topic, messages, signal)
      },
    }
    const refresh = async () => (meanwhile === undefined ? looked.resolve() : undefined)
    const relay = await startTestRelay({ publisher: slow, refresh })
    const [known, stranger] = [newUser(), newUser()]
    relay.hand(await appended(known))
    await arrived(known, [1])
    await appended(stranger)
    const rows = [...(await appended(known)), ...(await appended(stranger))]
    meanwhile = async () => {
      // The stranger's events have been found, by a look that cannot have seen what follows.
      await looked.promise
      relay.hand(await appended(known))
    }
    relay.hand(rows)
    await arrived(stranger, [1, 2])
    expect(await arrived(known, upTo(3))).toBe(true)
  })

  it('given a send that fails, what is handed meanwhile does not overtake it', async () => {
    const publisher = stack.kafka.publisher()
    let sends = 0
    const shaky: Publisher = {
      ...publisher,
      publish: async (topic, messages, signal) => {
        sends += 1
        if (sends % 3 === 0)
          throw new SynapError('away for this send', { code: 'kafka.unavailable', class: 'dependency' })
        await publisher.publish(topic, messages, signal)
      },
    }
    const relay = await startTestRelay({ publisher: shaky })
    const userId = newUser()
    for (let event = 0; event < 30; event += 1) relay.hand(await appended(userId))
    await arrived(userId, upTo(30))
    await drained()
    expect(sends).toBeGreaterThan(3)
  })

  it('given an event that is refused, no later one of its user goes', async () => {
    const publisher = stack.kafka.publisher()
    const refused = newUser()
    const rows = await appended(refused)
    const refusing: Publisher = {
      ...publisher,
      publish: async (topic, messages, signal) => {
        const index = messages.findIndex(({ headers }) => headers['ce_id'] === rows[0]?.event_id)
        if (index >= 0) {
          await publisher.publish(topic, messages.slice(0, index), signal)
          throw new SynapError('too large', { code: 'message.too_large', class: 'data', fields: { index } })
        }
        await publisher.publish(topic, messages, signal)
      },
    }
    const quarantined = Promise.withResolvers<void>()
    const relay = await startTestRelay({ publisher: refusing, onQuarantined: quarantined.resolve })
    const fine = newUser()
    await quarantined.promise
    relay.hand(await appended(fine))
    await arrived(fine, [1])
    for (let event = 0; event < 3; event += 1) {
      relay.hand(await appended(refused))
      relay.hand(await appended(fine))
    }
    await arrived(fine, upTo(4))
    expect(sequencesOf(stack.records(), refused)).toEqual([])
    await eventually('the others are marked', async () => (await waiting()) === 4)
  })

  it('given a relay that does not lead, they are left to the one that does', async () => {
    await startTestRelay({ pollMs: 20 })
    const idle = startRelayThatWaits()
    const userId = newUser()
    idle.hand(await appended(userId, 3))
    await arrived(userId, upTo(3))
    expect(idle.isLeader()).toBe(false)
  })

  const startRelayThatWaits = () => {
    const relay = startRelay({
      pool: stack.pool,
      publisher: { ...stack.kafka.publisher(), publish: () => Promise.reject(new Error('it must not send')) },
      topic: stack.topic,
      logger: silentLogger,
      prepare: () => {
        throw new Error('it must not send')
      },
      refresh: () => Promise.resolve(),
      leaseMs: 3_000,
      pollMs: 20,
      batchRows: 50,
      batchBytes: 512 * 1024,
      markAfterMs: 5,
      onPublished: () => undefined,
      onQuarantined: () => undefined,
    })
    relays.push(relay)
    return relay
  }
})

describe('marks that wait', () => {
  it('given many sends, few statements mark all of them', async () => {
    const marks: number[] = []
    const relay = await startTestRelay({ markAfterMs: 200, onPublished: (rows) => void marks.push(rows) })
    const users = Array.from({ length: 20 }, newUser)
    for (const userId of users) relay.hand(await appended(userId))
    for (const userId of users) await arrived(userId, [1])
    await drained()
    expect(marks.reduce((sum, rows) => sum + rows, 0)).toBe(20)
    expect(marks.length).toBeLessThan(20)
  })

  it('given it closes, everything that was sent is marked first', async () => {
    const relay = await startTestRelay({ markAfterMs: 60_000 })
    const userId = newUser()
    relay.hand(await appended(userId, 3))
    await arrived(userId, upTo(3))
    expect(await waiting()).toBe(3)
    await relay.close()
    expect(await waiting()).toBe(0)
  })

  it('given the database is away for the marks, the events are sent again and marked then', async () => {
    const failed = Promise.withResolvers<void>()
    const logger = { ...silentLogger, error: () => failed.resolve() }
    const relay = await startTestRelay({ markAfterMs: 1, pollMs: 20, logger })
    const userId = newUser()
    await stack.database.superuserSql('revoke update on write.outbox from synap_ingest;')
    relay.hand(await appended(userId))
    await failed.promise
    await stack.database.superuserSql('grant update on write.outbox to synap_ingest;')
    await drained()
    await eventually('both sends are seen', () => sequencesOf(stack.records(), userId).length >= 2)
    expect(distinct(sequencesOf(stack.records(), userId))).toEqual([1])
  })
})
