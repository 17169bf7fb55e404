import { eventually, type TestService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, createIngestStack, type IngestStack } from '../test/ingest-stack.ts'

let stack: IngestStack
let services: TestService[]

beforeAll(async () => {
  stack = await createIngestStack()
  // The clock of the relay would be too late for every deadline in here.
  const environment = {
    DATABASE_DIRECT_URL: stack.database.url,
    RELAY_POLL_MS: '60000',
    // On a busy machine a short one would pass from one to the other.
    RELAY_LEASE_MS: '30000',
  }
  services = await Promise.all([stack.start(environment), stack.start(environment)])
  await Promise.all(services.map((service) => service.waitReady()))
}, 300_000)

afterAll(() => stack?.close())

const published = () =>
  eventually('all is published', async () => {
    const [waiting] = await stack.database.superuserSql(
      'select count(*) from write.outbox where published_at is null',
    )
    return waiting === '0'
  })

describe('two ingests on one database', () => {
  it('given captures at either, each is published without waiting for the leader to look', async () => {
    const { key } = await stack.createAccount()
    const leading = () => services.filter((service) => service.logs().includes('this process relays')).length
    await eventually('one leads', () => leading() === 1)
    for (let capture = 0; capture < 4; capture += 1) {
      for (const service of services) {
        const answer = await call(service, '/v1/entities', {
          key,
          body: { type: 'note', content: `note ${capture}` },
        })
        expect(answer.status).toBe(201)
        await published()
      }
    }
    expect(leading()).toBe(1)
  })
})
