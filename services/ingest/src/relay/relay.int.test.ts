import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseEventHeaders, parseFrame, readKnownEvent } from '@synap/contracts'
import { sha256Hex, type UserId, uuidv7 } from '@synap/core'
import { type Publisher, silentLogger } from '@synap/messaging'
import { eventually, programEnvironment } from '@synap/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { appendCall, newUser } from '../../test/append-call.ts'
import { createRelayStack, distinct, type RelayStack, sequencesOf, upTo } from '../../test/relay-stack.ts'
import { inTransaction } from '../database.ts'
import { createSchemaBook } from '../schema-book.ts'
import { type AppendCall, append } from '../sql/append.ts'
import { findOutboxOverview, markPublished } from '../sql/outbox.ts'
import { takeRelayLease } from '../sql/relay-lease.ts'
import { prepareMessage } from './prepare-message.ts'
import { type Relay, type RelayOptions, startRelay } from './relay.ts'

let stack: RelayStack
const relays: Relay[] = []
const children: ChildProcess[] = []
const said = new Map<ChildProcess, string>()

beforeAll(async () => {
  stack = await createRelayStack()
}, 300_000)

afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.close()))
  await Promise.all(children.splice(0).map(kill))
  await stack.database.superuserSql(
    'truncate write.relay_lease, write.relay_quarantine; delete from write.outbox;',
  )
})

afterAll(() => stack?.close())

async function startTestRelay(parts: Partial<RelayOptions> = {}): Promise<Relay> {
  const schemas = await createSchemaBook(stack.pool, 0)
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
  return relay
}

const relayProgram = fileURLToPath(new URL('../../test/relay-process.ts', import.meta.url))

function spawnRelay(env: Record<string, string> = {}, leaseMs = 3_000): ChildProcess {
  const args = [relayProgram, stack.database.url, stack.brokers, stack.topic, String(leaseMs)]
  const child = spawn(process.execPath, args, {
    env: { ...programEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said.set(child, (said.get(child) ?? '') + text)
  })
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  child.kill('SIGCONT')
  await once(child, 'exit')
}

const says = (child: ChildProcess, sentence: string) =>
  eventually(`the process says "${sentence}"`, () => said.get(child)?.includes(sentence))

async function appendMany(userId: UserId, events: number): Promise<void> {
  for (let i = 0; i < events; i += 1) await append(stack.pool, appendCall(userId))
}

const drained = () =>
  eventually(
    'the outbox is drained',
    async () => (await inTransaction(stack.pool, findOutboxOverview)).unpublished === 0,
    { deadlineMs: 30_000 },
  )

const arrived = (userId: UserId, sequences: readonly number[]) =>
  eventually(
    `the topic has ${sequences.length} events`,
    () => {
      expect(distinct(sequencesOf(stack.records(), userId))).toEqual(sequences)
      return true
    },
    { deadlineMs: 30_000 },
  )

describe('the relay', () => {
  it('given a commit and a ring, the event is on the topic as a record that reads back as the event', async () => {
    const relay = await startTestRelay()
    await eventually('it leads', () => relay.isLeader())
    const userId = newUser()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const call = appendCall(userId)
    await append(stack.pool, { ...call, context: { ...call.context, traceparent } })
    relay.wake()
    await arrived(userId, [1])
    const record = stack.records().find(({ key }) => key === userId)
    const place = parseEventHeaders(record?.headers ?? {})
    expect(place).toMatchObject({ ok: true, version: 1, sequence: 1, type: 'entity.created', traceparent })
    const frame = parseFrame(record?.value ?? null)
    if (frame.refused !== undefined) throw new Error(frame.refused)
    const book = await createSchemaBook(stack.pool)
    const schema = book.find(place.ok ? place.fingerprint : '')
    expect(frame.schemaId).toBe(schema.registry_id)
    expect(readKnownEvent(schema.schema, frame.payload)).toMatchObject({
      ok: true,
      event: {
        type: 'entity.created',
        userId,
        sequence: 1,
        delta: { type: 'note', title: 'a test', timeZone: null },
      },
    })
    await drained()
  })

  it('given many users who write at once, each user’s events are on the topic in order', async () => {
    const relay = await startTestRelay({ pollMs: 20, batchRows: 7 })
    const users = Array.from({ length: 8 }, newUser)
    await Promise.all(users.map((userId) => appendMany(userId, 25)))
    relay.wake()
    for (const userId of users) await arrived(userId, upTo(25))
    expect(await drained()).toBe(true)
  })

  const poisons = {
    'is larger than the broker takes': async (call: AppendCall): Promise<AppendCall> => ({
      ...call,
      context: { ...call.context, source: randomBytes(1_000_000).toString('hex') },
    }),
    'cannot be encoded': async (call: AppendCall): Promise<AppendCall> => {
      const fingerprint = sha256Hex('broken')
      await stack.database.superuserSql(
        `insert into write.schemas values (decode('${fingerprint}', 'hex'), 'x', 'x', '{"broken"', 999);`,
      )
      return { ...call, events: call.events.map((event) => ({ ...event, fingerprint })) }
    },
    'has a schema that nobody knows': async (call: AppendCall): Promise<AppendCall> => ({
      ...call,
      events: call.events.map((event) => ({ ...event, fingerprint: sha256Hex('unknown') })),
    }),
  }
  for (const [what, poison] of Object.entries(poisons)) {
    it(`given an event that ${what}, its user is held back and everybody else’s events flow`, async () => {
      const quarantined = Promise.withResolvers<void>()
      // A batch that the rows held back would fill: they must not be in the way of the others.
      await startTestRelay({ pollMs: 20, batchRows: 2, onQuarantined: quarantined.resolve })
      const [poisoned, fine] = [newUser(), newUser()]
      await append(stack.pool, await poison(appendCall(poisoned, 2)))
      await append(stack.pool, appendCall(fine, 2))
      await appendMany(poisoned, 2)
      await arrived(fine, [1, 2])
      await quarantined.promise
      expect(sequencesOf(stack.records(), poisoned)).toEqual([])
      await eventually('the others are marked', async () => {
        const overview = await inTransaction(stack.pool, findOutboxOverview)
        return overview.unpublished === 4 && overview.quarantined_users === 1
      })
      const good = appendCall(poisoned).events[0]?.fingerprint ?? ''
      await stack.database.superuserSql(
        `update write.outbox set source = 'api', schema_fingerprint = decode('${good}', 'hex')
          where user_id = '${poisoned}';
         select write.release_quarantine('${poisoned}');`,
      )
      await arrived(poisoned, upTo(4))
    })
  }

  it('given a schema that is not registered, it waits for the register command and loses nothing', async () => {
    const relay = await startTestRelay({ pollMs: 20 })
    const userId = newUser()
    const ofType = `where record_name = 'synap.events.EntityCreated'`
    await stack.database.superuserSql(
      `create table public.kept as select * from write.schemas ${ofType}; delete from write.schemas ${ofType};`,
    )
    await append(stack.pool, appendCall(userId))
    await eventually('it says so', () => relay.trouble()?.includes('not registered'))
    await stack.database.superuserSql('insert into write.schemas select * from public.kept;')
    await arrived(userId, [1])
    expect(await drained()).toBe(true)
  })
})

describe('the lease of the relay', () => {
  it('given two relays, one leads; when it ends the other goes on', async () => {
    const first = await startTestRelay({ pollMs: 20 })
    await eventually('the first leads', () => first.isLeader())
    const second = await startTestRelay({ pollMs: 20 })
    const userId = newUser()
    await appendMany(userId, 3)
    await arrived(userId, upTo(3))
    expect(second.isLeader()).toBe(false)
    await first.close()
    await eventually('the second leads', () => second.isLeader())
    await appendMany(userId, 3)
    await arrived(userId, upTo(6))
  })

  it('given an epoch that is over, its marks touch no row', async () => {
    const take = () => inTransaction(stack.pool, (client) => takeRelayLease(client, uuidv7(), 0))
    const [old, now] = [await take(), await take()]
    expect(now).toBe((old ?? 0) + 1)
    const userId = newUser()
    await appendMany(userId, 1)
    const [id = '0'] = await stack.database.superuserSql(
      `select id from write.outbox where user_id = '${userId}'`,
    )
    const mark = (epoch = 0) => markPublished(stack.pool, [Number(id)], epoch)
    expect(await mark(old)).toBe(0)
    expect(await mark(now)).toBe(1)
  })

  it('given a relay stopped past its lease, the other takes over, and the first is fenced when it wakes', async () => {
    const stopped = spawnRelay({}, 1_000)
    await says(stopped, 'this process relays')
    const userId = newUser()
    await appendMany(userId, 5)
    await arrived(userId, upTo(5))
    stopped.kill('SIGSTOP')
    const second = await startTestRelay({ pollMs: 20, leaseMs: 1_000 })
    await eventually('the second leads', () => second.isLeader())
    await appendMany(userId, 20)
    await arrived(userId, upTo(25))
    stopped.kill('SIGCONT')
    await says(stopped, 'this process relays no more')
    await appendMany(userId, 5)
    await arrived(userId, upTo(30))
    expect(second.isLeader()).toBe(true)
    await drained()
  })

  it('given a send asked for after the lease ran out, it is refused before anything is sent', async () => {
    const sent: number[] = []
    const publisher: Publisher = {
      ...stack.kafka.publisher(),
      publish: async (_topic, messages) => void sent.push(messages.length),
    }
    const relay = await startTestRelay({
      publisher,
      pollMs: 20,
      leaseMs: 300,
      // Holds the thread past the lease, as a stopped process would be held: no timer can tell it in between.
      refresh: async (rows) => {
        if (rows.length > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
      },
    })
    await eventually('it leads', () => relay.isLeader())
    await appendMany(newUser(), 1)
    await eventually('it lost the lease', () => !relay.isLeader(), { everyMs: 1 })
    expect(sent).toEqual([])
  })
})

describe('a relay that dies', () => {
  for (const point of ['relay.after_select', 'relay.after_append']) {
    it(`given a kill at ${point}, the next relay sends every event again with the same bytes, in order`, async () => {
      const userId = newUser()
      await appendMany(userId, 10)
      const dying = spawnRelay({ SYNAP_CRASHPOINT: point }, 1_000)
      const [, signal] = (await once(dying, 'exit')) as [number | null, NodeJS.Signals | null]
      expect(signal).toBe('SIGKILL')
      await startTestRelay({ pollMs: 20, leaseMs: 1_000 })
      await arrived(userId, upTo(10))
      await drained()
      const mine = stack.records().filter(({ key }) => key === userId)
      const bytes = new Map(mine.map(({ headers, value }) => [headers['ce_id'], value?.toString('hex')]))
      expect(bytes.size).toBe(10)
      for (const { headers, value } of mine) expect(value?.toString('hex')).toBe(bytes.get(headers['ce_id']))
      if (point === 'relay.after_append') {
        await eventually('both sends are seen', () => sequencesOf(stack.records(), userId).length === 20)
      }
    })
  }
})
