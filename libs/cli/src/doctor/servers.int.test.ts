import { createKafka, declaredTopics } from '@synap/kafka'
import { freePorts } from '@synap/servers'
import {
  createTestDatabase,
  eventually,
  runProgram,
  type Stack,
  type TestDatabase,
  useStack,
} from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contextOf } from '../../test/doctor-context.ts'
import type { Check } from './check.ts'
import { kafka } from './kafka.ts'
import { migrations } from './migrations.ts'
import { objectStore } from './object-store.ts'
import { postgres } from './postgres.ts'
import { quietLogger } from './quiet-logger.ts'
import { registry } from './registry.ts'
import { type Checked, runChecks } from './run-checks.ts'

const services = ['ingest', 'events-writer', 'projector', 'enricher']

let stack: Stack
let empty: TestDatabase
let migrated: TestDatabase
/** An address of this machine at which nothing listens. */
let nowhere: string

beforeAll(async () => {
  stack = await useStack()
  empty = await createTestDatabase()
  migrated = await createTestDatabase(services)
  const [port = 0] = await freePorts(1)
  nowhere = `127.0.0.1:${port}`
}, 300_000)

afterAll(async () => {
  await empty?.close()
  await migrated?.close()
})

/** What a check says of the shared servers, with `more` in place of the right settings. */
async function check(which: Check, more: Record<string, string> = {}): Promise<Checked | undefined> {
  const environment = { ...stack.env, DATABASE_URL: migrated.url, ...more }
  // The servers are shared: a loaded machine must not turn slow into broken.
  const patient = { ...which, deadlineMs: 60_000 }
  for await (const checked of runChecks([patient], contextOf({ way: 'elsewhere', environment })))
    return checked
  return undefined
}

describe('the database', () => {
  it('given the login of the stack, version, extensions and login are told', async () => {
    const checked = await check(postgres)
    expect(checked).toMatchObject({ state: 'ok', advice: null })
    expect(checked?.found).toMatch(/^\d+(\.\d+)?; vector \d.*, timescaledb \d.*; login synap$/)
  })

  it('given a wrong password, or a port where nothing listens, it fails and says what to look at', async () => {
    const wrong = new URL(migrated.url)
    wrong.password = 'wrong'
    const away = new URL(migrated.url)
    away.host = nowhere
    for (const { href } of [wrong, away]) {
      const checked = await check(postgres, { DATABASE_URL: href })
      expect(checked).toMatchObject({ state: 'failed', advice: expect.stringContaining('DATABASE_URL') })
      expect(JSON.stringify(checked)).not.toContain(wrong.password)
    }
  })

  it('given a database without extensions, it says which one is missing', async () => {
    await empty.superuserSql(
      'drop extension if exists vector cascade; drop extension if exists timescaledb cascade',
    )
    expect(await check(postgres, { DATABASE_URL: empty.url })).toMatchObject({
      state: 'failed',
      found: expect.stringContaining('vector is missing, timescaledb is missing'),
    })
  })

  it('given all migrations, it is well; given none, or one this version does not know, it fails', async () => {
    expect(await check(migrations)).toMatchObject({ state: 'ok' })
    const pending = await check(migrations, { DATABASE_URL: empty.url })
    expect(pending).toMatchObject({ state: 'failed', advice: expect.stringContaining('./synap migrate') })
    for (const service of services) expect(pending?.found).toContain(service)
    const newer = await createTestDatabase(services)
    await newer.superuserSql(
      `insert into migrations.applied (service, number, name, checksum) values ('ingest', 999, 'later', 'x')`,
    )
    expect((await check(migrations, { DATABASE_URL: newer.url }))?.found).toContain('newer')
    await newer.close()
  })
})

describe('Kafka', () => {
  it('given no topics, then the declared ones, then another setting, each is told', async () => {
    expect(await check(kafka)).toMatchObject({
      state: 'failed',
      found: declaredTopics(stack.topicPrefix)
        .map(({ name }) => `${name} is missing`)
        .join('; '),
    })
    const brokers = stack.env.KAFKA_BROKERS.split(',')
    const driver = createKafka({ brokers, clientId: 'doctor-test', logger: quietLogger })
    try {
      const topics = declaredTopics(stack.topicPrefix)
      await driver.createTopics(topics)
      expect(await check(kafka)).toMatchObject({ state: 'ok' })
      await driver.createTopics(
        topics.map((topic) => ({ ...topic, config: { ...topic.config, 'segment.ms': '86400001' } })),
      )
      // The broker tells of a new setting a moment after it took it, topic by topic.
      const found = topics.map(({ name }) => `${name} differs in segment.ms`).join('; ')
      await eventually('both differ', async () => (await check(kafka))?.found === found)
      // Looking is not mending.
      expect((await check(kafka))?.found).toBe(found)
    } finally {
      await driver.close()
    }
  }, 120_000)

  it('given no broker, it fails', async () => {
    expect(await check(kafka, { KAFKA_BROKERS: nowhere })).toMatchObject({
      state: 'failed',
      advice: expect.stringContaining('KAFKA_BROKERS'),
    })
  }, 120_000)
})

describe('the registry', () => {
  it('given schemas that are not registered, then are, each is told', async () => {
    const before = await check(registry)
    expect(before).toMatchObject({ state: 'failed', advice: './synap setup' })
    expect(before?.found).toMatch(/^not registered: synap\.events\.\w+ and \d+ more$/)
    await runProgram('services/ingest/src/register-schemas.ts', { ...stack.env, DATABASE_URL: migrated.url })
    expect(await check(registry)).toMatchObject({ state: 'ok' })
  }, 120_000)

  it('given none there, it fails', async () => {
    expect(await check(registry, { SCHEMA_REGISTRY_URL: `http://${nowhere}` })).toMatchObject({
      state: 'failed',
    })
  }, 120_000)
})

describe('the object store', () => {
  it('given a bucket, an object is put, read and taken away', async () => {
    expect(await check(objectStore)).toMatchObject({ state: 'ok' })
  })

  it.each([
    ['a bucket that is not there', { S3_BUCKET: 'not-there' }],
    ['a wrong secret', { S3_SECRET_ACCESS_KEY: 'wrong' }],
  ])(
    'given %s, it fails',
    async (_what, more) => {
      const checked = await check(objectStore, more)
      expect(checked).toMatchObject({ state: 'failed', advice: expect.stringContaining('S3_ENDPOINT') })
    },
    120_000,
  )

  it('given a variable that is missing, it is named', async () => {
    expect((await check(objectStore, { S3_REGION: '' }))?.found).toBe('S3_REGION not set')
  })
})

it('given no server named, no check of servers applies', async () => {
  for (const which of [postgres, migrations, kafka, registry, objectStore]) {
    const names = ['DATABASE_URL', 'KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'S3_ENDPOINT']
    expect(await check(which, Object.fromEntries(names.map((name) => [name, ''])))).toBeUndefined()
  }
})
