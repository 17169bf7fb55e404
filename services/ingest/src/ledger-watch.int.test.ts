import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, call, createIngestStack, type IngestStack } from '../test/ingest-stack.ts'

describe('the gauges of the ledger', () => {
  let stack: IngestStack
  let ana: Account
  beforeAll(async () => {
    stack = await createIngestStack(['ingest', 'events-writer', 'projector'])
    ana = await stack.createAccount()
  })
  afterAll(() => stack?.close())

  it('given events that no consumer took, a slot for one nobody had and a store beyond its head, they say so', async () => {
    const ingest = await stack.start({}, { telemetry: true })
    await ingest.waitReady()
    for (const title of ['a', 'b'])
      expect(
        (await call(ingest, '/v1/entities', { body: { type: 'note', title }, key: ana.key })).status,
      ).toBe(201)
    const stranger = '01999999-0000-7000-8000-000000000000'
    await stack.database.superuserSql(`
      insert into read_v1.user_positions (user_id, seen) values ('${ana.userId}', 1), ('${stranger}', 5);
      insert into read_v1.parked (user_id, sequence, reason, slot) values ('${ana.userId}', 1, 'missing', true)`)
    const gauge = (name: string, store: string) =>
      new RegExp(String.raw`^synap_ledger_${name}\S*store="${store}"\S* (\S+)`, 'm')
    const read = async (name: string, store: string) => {
      const text = await (await fetch(`${ingest.adminUrl}/metrics`)).text()
      return Number(gauge(name, store).exec(text)?.[1] ?? Number.NaN)
    }
    await eventually('a look is taken', async () => (await read('ahead_events', 'read_model')) === 5, {
      deadlineMs: 90_000,
    })
    const [events = ''] = await stack.database.superuserSql('select sum(sequence) from write.users')
    expect(await read('in_flight_events', 'log')).toBe(Number(events))
    expect(await read('in_flight_events', 'read_model')).toBe(Number(events) - 1)
    expect(await read('oldest_in_flight_seconds', 'log')).toBeGreaterThan(0)
    expect(await read('absent_events', 'read_model')).toBe(1)
    expect(await read('parked_events', 'read_model')).toBe(0)
    expect(await read('ahead_events', 'log')).toBe(0)
  })
})
