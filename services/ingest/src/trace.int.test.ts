import { eventually, type TestService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, createIngestStack, type IngestStack } from '../test/ingest-stack.ts'
import { readTopic } from '../test/topic-reader.ts'

let stack: IngestStack
let service: TestService
let topic: Awaited<ReturnType<typeof readTopic>>

beforeAll(async () => {
  stack = await createIngestStack()
  service = await stack.start({}, { telemetry: true })
  topic = await readTopic(stack.env['KAFKA_BROKERS'] ?? '', stack.topic)
  await service.waitReady()
}, 300_000)

afterAll(async () => {
  await topic?.close()
  await stack?.close()
})

const claimed = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }
const traceparent = `00-${claimed.traceId}-${claimed.spanId}-01`

/** A capture that claims a trace: the answer's correlation id, and the context its record carries. */
async function captured(key: string, id: string) {
  const answer = await call(service, '/v1/entities', {
    body: { type: 'note', content: `traced ${id}` },
    key,
    headers: { traceparent },
  })
  expect(answer.status).toBe(201)
  const record = await eventually('the event is on the topic', () =>
    topic.records().find(({ headers }) => headers['synap-aggregate'] === answer.body['id']),
  )
  const [row = ''] = await stack.database.superuserSql(
    `select traceparent, replace(correlation_id::text, '-', '') from write.outbox
      where aggregate_id = '${String(answer.body['id'])}' and version = 1`,
  )
  const [stored = '', correlationId = ''] = row.split('|')
  const parts = (text = '') => ({ traceId: text.split('-')[1], spanId: text.split('-')[2] })
  return {
    answered: answer.body['correlationId'],
    correlationId,
    stored: parts(stored),
    sent: parts(record.headers['traceparent']),
  }
}

describe('the trace of a capture', () => {
  it('given a client’s trace, ingest begins its own, and request, outbox and record are one', async () => {
    const { key } = await stack.createAccount()
    const { answered, correlationId, stored, sent } = await captured(key, 'a client')
    expect(answered).not.toBe(claimed.traceId)
    expect([correlationId, stored.traceId, sent.traceId]).toEqual([answered, answered, answered])
    // The record carries the span of its sending, a child of the request's.
    expect(sent.spanId).not.toBe(stored.spanId)
  })

  it('given a key with trace:continue, the trace goes on', async () => {
    const { key } = await stack.createAccount('write', 'trace:continue')
    const { answered, sent } = await captured(key, 'a service')
    expect([answered, sent.traceId]).toEqual([claimed.traceId, claimed.traceId])
  })

  it('given a scrape, the metrics say what is on its way', async () => {
    const text = await (await fetch(`${service.adminUrl}/metrics`)).text()
    for (const name of [
      'synap_ingest_outbox_unpublished_events',
      'synap_ingest_outbox_oldest_age_seconds',
      'synap_ingest_relay_quarantined_users',
      'synap_ingest_relay_published_events_total',
      'synap_ingest_http_requests_total',
    ]) {
      expect(text).toContain(name)
    }
    expect(text).toMatch(/synap_ingest_relay_leader(\{[^}]*\})? 1\b/)
  })
})
