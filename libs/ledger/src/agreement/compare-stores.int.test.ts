import { createClient } from '@synap/client'
import { type Agreement, type LedgerFinding, partitionOf, topicName } from '@synap/contracts'
import type { UserId } from '@synap/core'
import { createKafka, type KafkaDriver } from '@synap/kafka'
import { silentLogger } from '@synap/messaging'
import { createPool, type Pool } from '@synap/postgres'
import {
  createTestDatabase,
  eventually,
  runProgram,
  startService,
  type TestDatabase,
  type TestService,
  useStack,
} from '@synap/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { compareStores } from './compare-stores.ts'
import { createPostgresStores } from './postgres-stores.ts'

const never = new AbortController().signal

interface Account {
  key: string
  userId: UserId
}

/** Two users whose events went all the way; what is then broken is of one of them. */
describe('the comparison of real stores', () => {
  let database: TestDatabase
  let kafka: KafkaDriver
  let pool: Pool
  let env: Record<string, string>
  let topic: string
  let ana: Account
  let bob: Account
  const services = new Map<string, TestService>()
  const undo: (() => Promise<unknown>)[] = []

  const program = (path: string, ...args: string[]) => runProgram(path, env, args)
  const createAccount = async (...scopes: string[]) =>
    JSON.parse(
      await program('services/ingest/src/create-key.ts', '--name', 'test', '--scopes', scopes.join(',')),
    ) as Account
  const start = async (name: string) => {
    const service = await startService(name, env)
    services.set(name, service)
    await service.waitReady()
    return service
  }
  const clientOf = ({ key }: Account) => {
    const url = services.get('ingest')?.url ?? ''
    return createClient({ ingestUrl: url, queryUrl: url, apiKey: key })
  }

  beforeAll(async () => {
    const stack = await useStack()
    database = await createTestDatabase(['ingest', 'events-writer', 'projector', 'enricher'])
    env = { ...stack.env, DATABASE_URL: database.url }
    topic = topicName('events', env['TOPIC_PREFIX'] ?? '')
    await program('libs/kafka/src/create-topics.ts')
    await program('services/ingest/src/register-schemas.ts')
    env['INGEST_URL'] = (await start('ingest')).url
    env['SERVICE_API_KEY'] = (await createAccount('act:any', 'read', 'write')).key
    await Promise.all([start('events-writer'), start('projector')])
    const brokers = stack.env.KAFKA_BROKERS.split(',')
    kafka = createKafka({ brokers, clientId: 'ledger-test', logger: silentLogger })
    pool = createPool({ url: database.url, applicationName: 'ledger-test', max: 1 })
    ana = await createAccount('read', 'write')
    bob = await createAccount('read', 'write')
    for (const account of [ana, bob])
      for (const content of ['Buy milk', 'Ring Bob', 'Pay rent'])
        await clientOf(account).capture({ type: 'note', content })
    await eventually('all is everywhere', async () => (await compare()).agreement.found.length === 0, {
      deadlineMs: 60_000,
    })
  }, 300_000)
  afterEach(async () => {
    for (const back of undo.splice(0)) await back()
  })
  afterAll(async () => {
    await Promise.all([...services.values()].map((service) => service.stop()))
    await kafka?.close()
    await pool?.end()
    await database?.close()
  })

  async function compare(user: UserId | null = null) {
    const findings: LedgerFinding[] = []
    let agreement: Agreement | undefined
    const lines = compareStores({
      stores: createPostgresStores(pool, never),
      topic: { log: kafka, name: topic },
      user,
    })
    for await (const line of lines) {
      if ('finding' in line) findings.push(line.finding)
      if ('agreement' in line) agreement = line.agreement
    }
    if (agreement === undefined) throw new Error('it came to nothing')
    return { findings, agreement }
  }
  const sql = (text: string) => database.superuserSql(text)
  const ofAna = (sequence: number) => `user_id = '${ana.userId}' and sequence = ${sequence}`

  /** Takes rows away until the end of the test; the answer is the table that keeps them, and their columns. */
  async function take(table: string, where: string): Promise<{ kept: string; columns: string }> {
    const kept = `public.taken_${undo.length}`
    const [columns = ''] = await sql(
      `select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
       where attrelid = '${table}'::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
    )
    await sql(
      `create table ${kept} as select ${columns} from ${table} where ${where}; delete from ${table} where ${where}`,
    )
    undo.unshift(() =>
      sql(
        `delete from ${table} where ${where}; insert into ${table} (${columns}) select * from ${kept}; drop table ${kept}`,
      ),
    )
    return { kept, columns }
  }

  it('given nothing amiss, they agree, for all and for one, and every number is counted', async () => {
    const { agreement } = await compare()
    const [heads] = await sql('select sum(sequence) from write.users')
    const events = Number(heads)
    expect(agreement).toMatchObject({ agrees: true, users: 2, events, found: [], oldestInFlightAt: null })
    expect(agreement.held).toEqual({
      outbox: events,
      topic: { records: events, unplaced: 0, passes: 1 },
      log: events,
      readModel: events,
    })
    expect((await compare(bob.userId)).agreement).toMatchObject({ users: 1, events: events / 2, found: [] })
  })

  it('given a row that is gone from the log, it is lost there', async () => {
    await take('log.events', ofAna(2))
    const { findings, agreement } = await compare()
    expect(agreement.agrees).toBe(false)
    expect(findings).toEqual([
      expect.objectContaining({ kind: 'lost', store: 'log', userId: ana.userId, sequence: 2, version: 2 }),
    ])
    expect((await compare(bob.userId)).agreement.agrees).toBe(true)
    expect((await compare(ana.userId)).findings).toEqual(findings)
  })

  it('given another event in its place, or a second one, it is a fork; the same once more is a duplicate', async () => {
    const { kept } = await take('log.events', ofAna(2))
    await sql(`insert into log.events select * from ${kept};
      update log.events set event_id = gen_random_uuid() where ${ofAna(2)}`)
    const kinds = async () =>
      (await compare()).findings.map(({ kind, store, sequence }) => [kind, store, sequence])
    expect(await kinds()).toEqual([['fork', 'log', 2]])
    await sql(`insert into log.events select * from ${kept}`)
    expect(await kinds()).toEqual([['fork', 'log', 2]])
    await sql(`delete from log.events where ${ofAna(2)}; insert into log.events select * from ${kept};
      update ${kept} set occurred_at = occurred_at + interval '1 millisecond';
      insert into log.events select * from ${kept};
      update ${kept} set occurred_at = occurred_at - interval '1 millisecond';
      update log.user_days set last_at = last_at + interval '1 millisecond'`)
    expect(await kinds()).toEqual([['duplicated', 'log', 2]])
  })

  it('given an entity of the read model that is set back, its events since are lost there', async () => {
    const [entity = ''] = await sql(
      `select aggregate_id from write.outbox where ${ofAna(1)} and aggregate_type = 'entity'`,
    )
    const { kept, columns } = await take('read_v1.entities', `entity_id = '${entity}'`)
    await sql(`insert into read_v1.entities (${columns}) select * from ${kept};
      update read_v1.entities set version = 1, sequence = 1 where entity_id = '${entity}'`)
    const { findings } = await compare()
    expect(findings).toEqual([
      expect.objectContaining({ kind: 'lost', store: 'read_model', aggregateId: entity, version: 2 }),
    ])
    await sql(`update read_v1.entities set version = 9, sequence = 4000 where entity_id = '${entity}'`)
    expect((await compare()).findings).toEqual([
      expect.objectContaining({ kind: 'ahead', store: 'read_model', sequence: 4000, version: 9 }),
    ])
    await sql(`delete from read_v1.entities where entity_id = '${entity}'`)
    expect((await compare()).findings.map(({ version }) => version)).toEqual([1, 2])
  })

  it('given a row that left the outbox too early, it is lost there; one of yesterday may leave', async () => {
    await take('write.outbox', ofAna(3))
    expect((await compare()).findings).toEqual([
      expect.objectContaining({ kind: 'lost', store: 'outbox', userId: ana.userId, sequence: 3 }),
    ])
    // A version 7 id that was made long ago.
    const rename = (id: string) => sql(`update log.events set event_id = ${id} where ${ofAna(3)}`)
    const [id = ''] = await sql(`select event_id from log.events where ${ofAna(3)}`)
    await rename(`('018f0000-0000-' || substr(event_id::text, 15))::uuid`)
    undo.push(() => rename(`'${id}'`))
    const outbox = (await compare()).findings.filter(({ store }) => store === 'outbox')
    expect(outbox).toEqual([])
  })

  it('given events that are parked, or that nobody has, they are named so', async () => {
    await take('log.events', ofAna(2))
    const park = (value: string) =>
      sql(
        `insert into log.parked (user_id, sequence, reason, slot, value) values ('${ana.userId}', 2, 'missing', true, ${value})`,
      )
    undo.push(() => sql('delete from log.parked'))
    await park(`'x'`)
    expect((await compare()).findings).toMatchObject([{ kind: 'parked', store: 'log', sequence: 2 }])
    await sql('delete from log.parked')
    await take('write.outbox', ofAna(2))
    await park('null')
    const kinds = (await compare(ana.userId)).findings.map(({ kind, store }) => `${kind} ${store}`)
    expect(kinds).toEqual(['absent log'])
  })

  it('given events on their way, they are in flight with their age, and the other user is not concerned', {
    timeout: 240_000,
  }, async () => {
    await services.get('projector')?.stop()
    await clientOf(bob).capture({ type: 'note', title: 'later' })
    await eventually('the log has it', async () => {
      const { agreement } = await compare(bob.userId)
      return agreement.found.every(({ store }) => store === 'read_model')
    })
    const { findings, agreement } = await compare(bob.userId)
    expect(agreement.agrees).toBe(true)
    expect(agreement.oldestInFlightAt).not.toBeNull()
    expect(new Set(findings.map(({ kind, store }) => `${kind} ${store}`))).toEqual(
      new Set(['in_flight read_model']),
    )
    expect((await compare(ana.userId)).findings.filter(({ kind }) => kind === 'in_flight')).toEqual([])
    await start('projector')
    await eventually('it is there', async () => (await compare(bob.userId)).agreement.found.length === 0, {
      deadlineMs: 60_000,
    })
  })

  it('given a record that stands twice on the topic, it is repeated, and the stores agree', async () => {
    await repeatNewest()
    const { findings, agreement } = await compare()
    expect(agreement.agrees).toBe(true)
    expect(findings).toEqual([
      expect.objectContaining({ kind: 'repeated', store: 'topic', userId: ana.userId }),
    ])
  })

  async function repeatNewest(): Promise<void> {
    const partition = partitionOf(ana.userId, (await kafka.watermarks(topic)).size)
    const { low = 0n, high = 0n } = (await kafka.watermarks(topic)).get(partition) ?? {}
    const publisher = kafka.publisher()
    for (let offset = low; offset < high; offset += 1n) {
      const record = await kafka.consumerDriver.readAt(topic, partition, offset)
      if (record?.headers['synap-user'] !== ana.userId) continue
      const { key, value, headers } = record
      await publisher.publish(topic, [{ key: key ?? '', value, headers, partition }], never)
      break
    }
    await publisher.close()
  }

  it('given a place that is opened for an event that a store lost, its consumer fetches it from ingest', {
    timeout: 240_000,
  }, async () => {
    const [entity = ''] = await sql(`select aggregate_id from write.outbox where ${ofAna(2)}`)
    await sql(`delete from log.events where ${ofAna(2)};
      update read_v1.entities set version = 1, sequence = 1 where entity_id = '${entity}'`)
    const ill = async () =>
      (await compare(ana.userId)).findings
        .filter(({ kind }) => kind !== 'repeated')
        .map(({ kind, store, sequence }) => `${kind} ${store} ${sequence}`)
    expect(await ill()).toEqual(['lost log 2', 'lost read_model 2'])
    for (const schema of ['log', 'read_v1'])
      await sql(`insert into ${schema}.parked (user_id, sequence, reason, slot, updated_at)
        values ('${ana.userId}', 2, 'missing', true, now() - interval '1 hour')`)
    // They look for open places when they start, and every minute.
    for (const name of ['events-writer', 'projector']) {
      await services.get(name)?.stop()
      await start(name)
    }
    await eventually('it is back', async () => (await ill()).length === 0, { deadlineMs: 90_000 })
  })
})
