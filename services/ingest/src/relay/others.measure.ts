import { type UserId, wait } from '@synap/core'
import { type Publisher, silentLogger } from '@synap/messaging'
import { createPool, listen, type Pool } from '@synap/postgres'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { appendCall, newUser } from '../../test/append-call.ts'
import { createRelayStack, type RelayStack } from '../../test/relay-stack.ts'
import { appendTogether } from '../append-together.ts'
import { createSchemaBook } from '../schema-book.ts'
import { append } from '../sql/append.ts'
import { committedRows } from './committed-rows.ts'
import { createOthers, type Others } from './others.ts'
import { prepareMessage } from './prepare-message.ts'
import { startRelay } from './relay.ts'
import { relayBatch } from './relay-batch.ts'

// What it gains and costs that a process which does not relay tells the one that does.

const never = new AbortController().signal
let stack: RelayStack
let pool: Pool

beforeAll(async () => {
  stack = await createRelayStack()
  pool = createPool({ url: stack.database.url, applicationName: 'other', max: 10 })
}, 300_000)

afterAll(async () => {
  await pool?.end()
  await stack?.close()
})

const othersOf = (): Others =>
  createOthers({
    pool,
    listen: (options) => listen({ ...options, url: stack.database.url, applicationName: 'hears' }),
    logger: silentLogger,
    onLost: () => undefined,
  })

async function startMember(others: Others | undefined, acknowledged: Map<string, number>) {
  const schemas = await createSchemaBook(pool)
  const inner = stack.kafka.publisher()
  const publisher: Publisher = {
    ...inner,
    publish: async (topic, messages, signal) => {
      await inner.publish(topic, messages, signal)
      const at = performance.now()
      for (const { headers } of messages) acknowledged.set(headers['ce_id'] ?? '', at)
    },
  }
  return startRelay({
    pool,
    publisher,
    topic: stack.topic,
    logger: silentLogger,
    prepare: (row) => prepareMessage(row, stack.topic, schemas),
    refresh: (rows) => schemas.refresh(rows.map(({ fingerprint }) => fingerprint)),
    leaseMs: 10_000,
    pollMs: 200,
    ...relayBatch,
    onPublished: () => undefined,
    onQuarantined: () => undefined,
    others,
  })
}

const quantile = (values: readonly number[], q: number) =>
  values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))] ?? 0

const say = (line: string) => void process.stdout.write(`${line}\n`)

/** Milliseconds of 200 commits, one after the other, 20 to 60 ms apart. */
async function freshness(isTold: boolean): Promise<number[]> {
  const acknowledged = new Map<string, number>()
  const others = () => (isTold ? othersOf() : undefined)
  const leader = await startMember(others(), acknowledged)
  await eventually('it leads', () => leader.isLeader())
  const other = await startMember(others(), acknowledged)
  const users = Array.from({ length: 20 }, newUser)
  const taken: number[] = []
  for (let event = 0; event < 220; event += 1) {
    const call = appendCall(users[event % users.length] as UserId)
    const answer = await append(pool, call)
    const committed = performance.now()
    if (answer.outcome === 'appended') other.hand(committedRows(call, answer) ?? [])
    const id = call.events[0]?.id ?? ''
    await eventually('it is acknowledged', () => acknowledged.has(id), { everyMs: 1 })
    if (event >= 20) taken.push((acknowledged.get(id) ?? 0) - committed)
    await wait(20 + Math.random() * 40, never)
  }
  await other.close()
  await leader.close()
  return taken
}

/** Commits per second of 16 clients, and microseconds of this process's CPU for each, at a process that does not relay while nobody does. */
async function throughput(others: Others | undefined, forMs: number) {
  const end = performance.now() + forMs
  const cpu = process.cpuUsage()
  let commits = 0
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      const userId = newUser()
      while (performance.now() < end) {
        await appendTogether(pool, appendCall(userId))
        commits += 1
        others?.tell()
      }
    }),
  )
  const { user, system } = process.cpuUsage(cpu)
  return { rate: (commits / forMs) * 1000, cpuUs: (user + system) / commits }
}

it('from the commit at a process that does not relay to the acknowledgement of the broker', async () => {
  const medians = { told: Number.POSITIVE_INFINITY, silent: Number.POSITIVE_INFINITY }
  for (const name of ['silent', 'told', 'silent', 'told'] as const) {
    const taken = await freshness(name === 'told')
    medians[name] = Math.min(medians[name], quantile(taken, 0.5))
    say(`${name}: p50 ${quantile(taken, 0.5).toFixed(2)} ms, p99 ${quantile(taken, 0.99).toFixed(2)} ms`)
  }
  expect(medians.told).toBeLessThan(medians.silent)
})

it('commits of a process that does not relay, with and without telling', async () => {
  await throughput(undefined, 3_000)
  const told = othersOf()
  const heard = told.hear(() => undefined)
  const rounds: Record<'told' | 'silent', { rate: number; cpuUs: number }[]> = { told: [], silent: [] }
  for (let round = 0; round < 8; round += 1) {
    rounds.silent.push(await throughput(undefined, 2_000))
    rounds.told.push(await throughput(told, 2_000))
    await stack.database.superuserSql('truncate write.outbox, write.streams, write.users cascade')
  }
  await heard.close()
  await told.close()
  const median = (name: keyof typeof rounds, of: 'rate' | 'cpuUs') =>
    quantile(
      rounds[name].map((round) => round[of]),
      0.5,
    )
  for (const name of ['silent', 'told'] as const) {
    say(
      `${name}: ${median(name, 'rate').toFixed(0)} commits/s, ${median(name, 'cpuUs').toFixed(1)} µs of CPU each`,
    )
  }
  expect(median('told', 'rate')).toBeGreaterThan(0.8 * median('silent', 'rate'))
})
