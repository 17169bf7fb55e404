import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Agreement, eventHeaders, topicName } from '@synap/contracts'
import type { AggregateId, EventId, UserId } from '@synap/core'
import { createKafka, type KafkaDriver } from '@synap/kafka'
import { silentLogger } from '@synap/messaging'
import {
  createTestDatabase,
  programEnvironment,
  runProgram,
  type TestDatabase,
  useStack,
} from '@synap/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'

// What `./synap ledger` needs over a hundred thousand events and over a million: time, and memory of its process.

const root = join(import.meta.dirname, '..', '..', '..')
const never = new AbortController().signal
const users = 1_000
const step = 100_000
const mebibyte = 1_048_576

const hex = (n: number) => n.toString(16).padStart(12, '0')
const userAt = (n: number) => `00000000-0000-4000-8000-${hex(n % users)}`
const sequenceAt = (n: number) => Math.floor(n / users) + 1
const aggregateAt = (n: number) =>
  `00000000-0000-4000-9000-${hex((n % users) * 1_000 + Math.floor((sequenceAt(n) - 1) / 10))}`

/** The same ids in SQL; ten events of each entity. Minted by a clock of today, so that no row may have left. */
const staged = (from: number, to: number, prefix: string) => `
  drop table if exists public.staged;
  create unlogged table public.staged as
  select ('${prefix}' || lpad(to_hex(n), 12, '0'))::uuid as event_id,
         ('00000000-0000-4000-8000-' || lpad(to_hex(n % ${users}), 12, '0'))::uuid as user_id,
         n / ${users} + 1 as sequence,
         ('00000000-0000-4000-9000-' || lpad(to_hex((n % ${users}) * 1000 + (n / ${users}) / 10), 12, '0'))::uuid as aggregate_id,
         (n / ${users}) % 10 + 1 as version
    from generate_series(${from}, ${to - 1}) n;
  insert into log.events (occurred_at, event_id, user_id, sequence, aggregate_id, version, schema_no, event_type, source,
      actor_kind, correlation_id, delta)
    select now(), event_id, user_id, sequence, aggregate_id, version, 1, 'entity.title_changed', 'api', 'user', event_id, '{}'
      from public.staged;
  insert into write.outbox (event_id, event_type, user_id, aggregate_id, aggregate_type, version, sequence, occurred_at,
      source, correlation_id, actor_kind, delta, schema_fingerprint, published_at)
    select event_id, 'entity.title_changed', user_id, aggregate_id, 'entity', version, sequence, now(), 'api', event_id,
           'user', '', sha256('x'), now() from public.staged;
  insert into read_v1.entities (entity_id, user_id, type, attachments, metadata, provenance, suggestions, rejected,
      version, sequence, created_at, updated_at)
    select aggregate_id, user_id, 'note', '[]', '{}', '{}', '{}', '{}', version, sequence, now(), now()
      from public.staged where version = 10;
  insert into log.user_days select user_id, current_date, 1, max(sequence), now() - interval '1 hour', now() + interval '1 hour'
      from public.staged group by 1
    on conflict (user_id, day) do update set last_sequence = excluded.last_sequence, last_at = excluded.last_at;
  insert into write.users (user_id, sequence) select user_id, max(sequence) from public.staged group by 1
    on conflict (user_id) do update set sequence = excluded.sequence;
  insert into log.user_positions (user_id, seen) select user_id, max(sequence) from public.staged group by 1
    on conflict (user_id) do update set seen = excluded.seen;
  insert into read_v1.user_positions (user_id, seen) select user_id, max(sequence) from public.staged group by 1
    on conflict (user_id) do update set seen = excluded.seen;`

let database: TestDatabase
let kafka: KafkaDriver
let env: Record<string, string>
let prefix: string

beforeAll(async () => {
  const stack = await useStack()
  database = await createTestDatabase(['ingest', 'events-writer', 'projector', 'enricher'])
  env = { ...stack.env, DATABASE_URL: database.url }
  await runProgram('libs/kafka/src/create-topics.ts', env)
  kafka = createKafka({
    brokers: stack.env.KAFKA_BROKERS.split(','),
    clientId: 'measure',
    logger: silentLogger,
  })
  const ms = Date.now().toString(16).padStart(12, '0')
  prefix = `${ms.slice(0, 8)}-${ms.slice(8)}-7000-8000-`
  await database.superuserSql(`insert into log.schemas (fingerprint, schema_id, schema, event_type, aggregate_type)
    values (sha256('x'), 1, '{}', 'entity.title_changed', 'entity')`)
}, 300_000)
afterAll(async () => {
  await kafka?.close()
  await database?.close()
})

async function publish(from: number, to: number): Promise<void> {
  const publisher = kafka.publisher()
  const topic = topicName('events', env['TOPIC_PREFIX'] ?? '')
  for (let at = from; at < to; at += 5_000) {
    const messages = Array.from({ length: 5_000 }, (_, index) => {
      const n = at + index
      const place = {
        id: `${prefix}${hex(n)}` as EventId,
        type: 'entity.title_changed',
        userId: userAt(n) as UserId,
        aggregateId: aggregateAt(n) as AggregateId,
        version: ((sequenceAt(n) - 1) % 10) + 1,
        sequence: sequenceAt(n),
        occurredAt: 0,
      }
      // As little compressible as real ones are.
      const random = randomBytes(24).toString('hex')
      const trace = { traceparent: `00-${random.slice(0, 32)}-${random.slice(32)}-01` }
      const headers = eventHeaders(place, 'a'.repeat(64), trace)
      return { key: userAt(n), value: randomBytes(90), headers }
    })
    await publisher.publish(topic, messages, never)
  }
  await publisher.close()
}

async function measure() {
  const own = { SYNAP_URL: 'http://127.0.0.1:9', SYNAP_API_KEY: 'syn_x' }
  const args = ['--disable-warning=ExperimentalWarning', 'libs/cli/src/main.ts', 'ledger', '--json']
  const began = performance.now()
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...programEnvironment(), ...env, ...own },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  const resident: number[] = []
  let isOver = false
  const sampling = (async () => {
    while (!isOver) {
      const text = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
      const kibibytes = Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0)
      if (kibibytes > 0) resident.push(kibibytes * 1_024)
      await sleep(100)
    }
  })()
  const [code] = (await once(child, 'close')) as [number]
  isOver = true
  await sampling
  const seconds = (performance.now() - began) / 1_000
  return { agreement: JSON.parse(stdout) as Agreement, code, seconds, resident }
}

it('over 100,000 and over a million events, the memory is the same', async () => {
  const peaks: number[] = []
  let made = 0
  for (const events of [step, 10 * step]) {
    for (; made < events; made += step) {
      await database.superuserSql(staged(made, made + step, prefix))
      await publish(made, made + step)
    }
    await database.superuserSql('analyze')
    const { agreement, code, seconds, resident } = await measure()
    expect(agreement).toMatchObject({ agrees: true, users, events, found: [] })
    expect(agreement.held).toEqual({
      outbox: events,
      topic: { records: events, unplaced: 0, passes: 1 },
      log: events,
      readModel: events,
    })
    expect(code).toBe(0)
    const peak = Math.max(...resident)
    const tenths = Array.from(
      { length: 10 },
      (_, at) => resident[Math.floor((resident.length * (at + 1)) / 10) - 1] ?? 0,
    )
    const mebibytes = tenths.map((bytes) => (bytes / mebibyte).toFixed(0)).join(' ')
    process.stdout.write(
      `${events} events: ${seconds.toFixed(1)} s, at most ${(peak / mebibyte).toFixed(0)} MiB; over time: ${mebibytes}\n`,
    )
    peaks.push(peak)
  }
  expect((peaks[1] ?? 0) - (peaks[0] ?? 0)).toBeLessThan(100 * mebibyte)
})
