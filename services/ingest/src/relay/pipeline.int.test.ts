import { randomBytes } from 'node:crypto'
import { SynapError, type UserId } from '@synap/core'
import { type Publisher, silentLogger } from '@synap/messaging'
import { eventually } from '@synap/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { appendCall, newUser } from '../../test/append-call.ts'
import { createRelayStack, distinct, type RelayStack, sequencesOf, upTo } from '../../test/relay-stack.ts'
import { inTransaction } from '../database.ts'
import { createSchemaBook } from '../schema-book.ts'
import { append } from '../sql/append.ts'
import { findOutboxOverview } from '../sql/outbox.ts'
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

/** On an outbox that is filled already, so that the batches are known. */
async function relayInBatchesOf(batchRows: number, parts: Partial<RelayOptions> = {}): Promise<void> {
  const schemas = await createSchemaBook(stack.pool, 0)
  const relay = startRelay({
    pool: stack.pool,
    publisher: stack.kafka.publisher(),
    topic: stack.topic,
    logger: silentLogger,
    prepare: (row) => prepareMessage(row, stack.topic, schemas),
    refresh: (rows) => schemas.refresh(rows.map(({ fingerprint }) => fingerprint)),
    leaseMs: 3_000,
    pollMs: 20,
    batchRows,
    batchBytes: 512 * 1024,
    markAfterMs: 5,
    onPublished: () => undefined,
    onQuarantined: () => undefined,
    ...parts,
  })
  relays.push(relay)
}

async function appendMany(userId: UserId, events: number): Promise<void> {
  for (let i = 0; i < events; i += 1) await append(stack.pool, appendCall(userId))
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

describe('batches on their way', () => {
  it('given a backlog of many batches, every event is sent once, in order', async () => {
    const users = Array.from({ length: 3 }, newUser)
    for (const userId of users) await appendMany(userId, 15)
    await relayInBatchesOf(4)
    for (const userId of users) await arrived(userId, upTo(15))
    await drained()
    for (const userId of users) expect(sequencesOf(stack.records(), userId)).toEqual(upTo(15))
  })

  it('given sends that fail now and then, nothing overtakes what was not sent', async () => {
    const userId = newUser()
    await appendMany(userId, 20)
    const publisher = stack.kafka.publisher()
    let sends = 0
    const shaky: Publisher = {
      ...publisher,
      publish: async (topic, messages, signal) => {
        sends += 1
        if (sends % 2 === 1) {
          throw new SynapError('away for this send', { code: 'kafka.unavailable', class: 'dependency' })
        }
        await publisher.publish(topic, messages, signal)
      },
    }
    await relayInBatchesOf(5, { publisher: shaky })
    await arrived(userId, upTo(20))
    await drained()
    expect(sends).toBeGreaterThan(4)
  })

  it('given an event that the broker refuses, no later event of its user goes with the next batch', async () => {
    const [held, fine] = [newUser(), newUser()]
    const large = appendCall(held)
    await append(stack.pool, {
      ...large,
      context: { ...large.context, source: randomBytes(1_000_000).toString('hex') },
    })
    await appendMany(held, 4)
    await appendMany(fine, 3)
    const quarantined = Promise.withResolvers<void>()
    await relayInBatchesOf(2, { onQuarantined: quarantined.resolve })
    await quarantined.promise
    await arrived(fine, upTo(3))
    expect(sequencesOf(stack.records(), held)).toEqual([])
    expect(await eventually('the others are marked', async () => (await waiting()) === 5)).toBe(true)
  })
})
