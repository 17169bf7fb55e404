import type { UserId } from '@synap/core'
import { type Publisher, silentLogger } from '@synap/messaging'
import { type Listener, listen } from '@synap/postgres'
import { createTcpProxy, eventually, type TcpProxy } from '@synap/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { appendCall, newUser } from '../../test/append-call.ts'
import { createRelayStack, type RelayStack, sequencesOf, upTo } from '../../test/relay-stack.ts'
import { inTransaction } from '../database.ts'
import { createSchemaBook } from '../schema-book.ts'
import { append } from '../sql/append.ts'
import { findOutboxOverview, type OutboxRow } from '../sql/outbox.ts'
import { committedRows } from './committed-rows.ts'
import { createOthers } from './others.ts'
import { prepareMessage } from './prepare-message.ts'
import { type Relay, type RelayOptions, startRelay } from './relay.ts'

/** Longer than any deadline in here: what the clock would find counts as lost. */
const neverMs = 60_000

interface Member {
  relay: Relay
  /** Its connection for what the others tell, the last one. */
  listener: () => Listener | undefined
  /** How often that was lost, and what was logged as a warning. */
  losses: () => number
  warnings: string[]
}

let stack: RelayStack
let proxy: TcpProxy
const relays: Relay[] = []

beforeAll(async () => {
  stack = await createRelayStack()
  proxy = await createTcpProxy(Number(new URL(stack.database.url).port))
}, 300_000)

afterEach(async () => {
  proxy.setMode('pass')
  await Promise.all(relays.splice(0).map((relay) => relay.close()))
  await stack.database.superuserSql('truncate write.relay_lease; delete from write.outbox;')
})

afterAll(async () => {
  await proxy?.close()
  await stack?.close()
})

/** As one of several ingests would run it; what it hears comes through the proxy. */
async function startMember(parts: Partial<RelayOptions> = {}): Promise<Member> {
  const direct = new URL(stack.database.url)
  direct.hostname = '127.0.0.1'
  direct.port = String(proxy.port)
  const schemas = await createSchemaBook(stack.pool)
  const warnings: string[] = []
  const logger = { ...silentLogger, warn: (_: object, message: string) => void warnings.push(message) }
  let listener: Listener | undefined
  let losses = 0
  const relay = startRelay({
    pool: stack.pool,
    publisher: stack.kafka.publisher(),
    topic: stack.topic,
    logger,
    prepare: (row) => prepareMessage(row, stack.topic, schemas),
    refresh: (rows) => schemas.refresh(rows.map(({ fingerprint }) => fingerprint)),
    leaseMs: 3_000,
    pollMs: neverMs,
    batchRows: 50,
    batchBytes: 512 * 1024,
    markAfterMs: 5,
    onPublished: () => undefined,
    onQuarantined: () => undefined,
    others: createOthers({
      pool: stack.pool,
      listen: (options) => {
        listener = listen({ ...options, url: direct.href, applicationName: 'member' })
        return listener
      },
      logger,
      onLost: () => {
        losses += 1
      },
    }),
    ...parts,
  })
  relays.push(relay)
  return { relay, listener: () => listener, losses: () => losses, warnings }
}

/** The first leads and hears; the second does not lead. */
async function startTwo(parts: Partial<RelayOptions> = {}): Promise<[Member, Member]> {
  const first = await startMember(parts)
  await leads(first)
  await hears(first)
  return [first, await startMember(parts)]
}

const leads = ({ relay }: Member) => eventually('it leads', () => relay.isLeader())
const hears = (member: Member) => eventually('it hears', () => member.listener()?.connected())

/** Commits one event and hands it to the relay of who committed it. */
async function commitAt({ relay }: Pick<Member, 'relay'>, userId: UserId): Promise<void> {
  const call = appendCall(userId)
  const answer = await append(stack.pool, call)
  const rows: OutboxRow[] | undefined =
    answer.outcome === 'appended' ? committedRows(call, answer) : undefined
  if (rows === undefined) throw new Error('nothing was appended')
  relay.hand(rows)
}

/** The topic has exactly these, in this order. */
const arrived = (userId: UserId, sequences: readonly number[]) =>
  eventually(
    `the topic has ${sequences.length} events`,
    () => {
      expect(sequencesOf(stack.records(), userId)).toEqual(sequences)
      return true
    },
    { deadlineMs: 30_000 },
  )

const drained = () =>
  eventually(
    'the outbox is drained',
    async () => (await inTransaction(stack.pool, findOutboxOverview)).unpublished === 0,
    { deadlineMs: 30_000 },
  )

describe('commits of a process that does not relay', () => {
  it('given one at a time, each is on the topic long before the relay would look', async () => {
    const [leader, other] = await startTwo()
    const userId = newUser()
    for (const sequence of upTo(4)) {
      await commitAt(other, userId)
      await arrived(userId, upTo(sequence))
    }
    expect([leader.relay.isLeader(), other.relay.isLeader()]).toEqual([true, false])
  })

  it('given both processes commit for one user in turn, its events are there once, in order', async () => {
    const [leader, other] = await startTwo()
    const userId = newUser()
    for (let event = 0; event < 20; event += 1) {
      await commitAt(leader, userId)
      await commitAt(other, userId)
    }
    await arrived(userId, upTo(40))
    expect(await drained()).toBe(true)
  })

  it('given many at once, of many users, all are there once, in order', async () => {
    const [, other] = await startTwo()
    const users = Array.from({ length: 8 }, newUser)
    await Promise.all(
      users.map(async (userId) => {
        for (let event = 0; event < 10; event += 1) await commitAt(other, userId)
      }),
    )
    for (const userId of users) await arrived(userId, upTo(10))
    expect(await drained()).toBe(true)
  })
})

describe('a leader that cannot hear', () => {
  it('given its connection is cut, the looks by the clock go on, and the loss is told once', async () => {
    const [leader, other] = await startTwo({ pollMs: 100 })
    proxy.setMode('cut')
    await eventually('the loss is noticed', () => leader.losses() === 1)
    const userId = newUser()
    await commitAt(other, userId)
    await arrived(userId, [1])
    // It has tried to connect again by now, and was refused.
    await eventually('it was refused', () => leader.listener()?.connected() === false)
    await commitAt(other, userId)
    await arrived(userId, [1, 2])
    expect(leader.losses()).toBe(1)
    expect(leader.warnings).toEqual([
      'commits of other processes are not heard: they are found at the next look',
    ])
  })

  it('given its connection says nothing any more and nobody has noticed, the looks by the clock go on', async () => {
    const [leader, other] = await startTwo({ pollMs: 100 })
    proxy.setMode('swallow')
    const userId = newUser()
    for (const sequence of [1, 2]) {
      await commitAt(other, userId)
      await arrived(userId, upTo(sequence))
    }
    expect([leader.losses(), leader.listener()?.connected()]).toEqual([0, true])
  })

  it('given it connects again, what was told meanwhile is found, and it hears again', async () => {
    const [leader, other] = await startTwo()
    proxy.setMode('cut')
    await eventually('the loss is noticed', () => leader.losses() === 1)
    const userId = newUser()
    await commitAt(other, userId)
    expect(sequencesOf(stack.records(), userId)).toEqual([])
    proxy.setMode('pass')
    await arrived(userId, [1])
    await hears(leader)
    for (const sequence of [2, 3, 4]) {
      await commitAt(other, userId)
      await arrived(userId, upTo(sequence))
    }
    proxy.setMode('cut')
    await eventually('the next loss is noticed', () => leader.losses() === 2)
  })
})

describe('a change of who relays', () => {
  it('given the leader ends while both commit, nothing is lost or sent twice', async () => {
    const [first, second] = await startTwo()
    const [third, users] = [await startMember(), Array.from({ length: 4 }, newUser)]
    const commitTo = async (members: readonly Member[], events: number) => {
      for (let event = 0; event < events; event += 1) {
        await Promise.all(
          users.map((userId, at) => commitAt(members[(event + at) % members.length] ?? first, userId)),
        )
      }
    }
    await commitTo([first, second, third], 10)
    const closed = first.relay.close()
    await commitTo([second, third], 10)
    await closed
    await eventually('another leads', () => second.relay.isLeader() || third.relay.isLeader())
    await commitTo([second, third], 10)
    for (const userId of users) await arrived(userId, upTo(30))
    expect(await drained()).toBe(true)
    const again = newUser()
    for (const sequence of upTo(4)) {
      await commitAt(sequence % 2 === 0 ? second : third, again)
      await arrived(again, upTo(sequence))
    }
  })

  it('given the leader ends, another leads long before it would ask for the lease again', async () => {
    const leaseMs = 3 * neverMs
    const first = await startMember({ leaseMs })
    await leads(first)
    const second = await startMember({ leaseMs })
    await hears(second)
    expect(second.relay.isLeader()).toBe(false)
    await first.relay.close()
    await leads(second)
    const userId = newUser()
    await commitAt(second, userId)
    expect(await arrived(userId, [1])).toBe(true)
  })

  it('given events handed to a leader that is none any more, the next one is told of them when it gives up', async () => {
    const sending = Promise.withResolvers<never>()
    const publisher: Publisher = { ...stack.kafka.publisher(), publish: () => sending.promise }
    // Its lease is renewed so seldom that it does not notice by itself.
    const old = await startMember({ publisher, leaseMs: 600_000 })
    await leads(old)
    const userId = newUser()
    await commitAt(old, userId)
    await stack.database.superuserSql(
      'update write.relay_lease set expires_at = clock_timestamp(), epoch = epoch + 1',
    )
    const next = await startMember()
    await leads(next)
    await hears(next)
    await arrived(userId, [1])
    for (let event = 0; event < 3; event += 1) await commitAt(old, userId)
    expect(old.relay.isLeader()).toBe(true)
    const closed = old.relay.close()
    sending.reject(new Error('cut off'))
    await closed
    expect(await arrived(userId, upTo(4))).toBe(true)
  })
})
