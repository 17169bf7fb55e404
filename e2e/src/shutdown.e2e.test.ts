import { eventually, startService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Pipeline, serviceNames, startPipeline } from './pipeline.ts'

describe('operation of the services', () => {
  let pipeline: Pipeline

  beforeAll(async () => {
    pipeline = await startPipeline({ telemetry: true })
  })
  afterAll(() => pipeline[Symbol.asyncDispose]())

  it('given any service, /livez, /readyz and /metrics answer on the admin port and not on the public one', async () => {
    for (const name of serviceNames) {
      const { adminUrl, url } = pipeline.service(name)
      expect((await fetch(`${adminUrl}/livez`)).status, name).toBe(200)
      expect((await fetch(`${adminUrl}/readyz`)).status, name).toBe(200)
      expect(await (await fetch(`${adminUrl}/metrics`)).text(), name).toMatch(/^# TYPE nodejs_eventloop/m)
      if (name === 'ingest' || name === 'query') {
        for (const path of ['/metrics', '/readyz']) expect((await fetch(url + path)).status, name).toBe(404)
      }
    }
  })

  it('given a wrong start, every problem of the configuration is listed at once', async () => {
    const service = await startService('ingest', {
      DATABASE_URL: 'nonsense',
      KAFKA_BROKERS: '',
      LOG_LEVEL: 'loud',
    })
    const { code } = await service.exited
    expect(code).toBe(78)
    for (const name of ['DATABASE_URL', 'KAFKA_BROKERS', 'S3_ENDPOINT', 'S3_BUCKET', 'LOG_LEVEL'])
      expect(service.logs()).toContain(name)
  })

  it('given SIGTERM under load, each service ends with code 0 within 15 s and nothing acknowledged is lost', async () => {
    const account = await pipeline.createAccount('load')
    let sent = 0
    let stopped = false
    const load = (async () => {
      while (!stopped) {
        await account.client.capture(
          { type: 'note', content: `load ${sent}` },
          { idempotencyKey: `load-${sent}` },
        )
        sent += 1
      }
    })()
    await eventually('the load has begun', () => sent > 20)
    for (const name of ['events-writer', 'projector', 'enricher', 'query'] as const) {
      const service = pipeline.service(name)
      service.kill('SIGTERM')
      expect(await service.exited, service.logs().slice(-2_000)).toEqual({ code: 0, signal: null })
    }
    stopped = true
    await load
    const ingest = pipeline.service('ingest')
    ingest.kill('SIGTERM')
    expect(await ingest.exited, ingest.logs().slice(-2_000)).toEqual({ code: 0, signal: null })

    await pipeline.start('ingest')
    await Promise.all(
      (['events-writer', 'projector', 'enricher', 'query'] as const).map((name) => pipeline.start(name)),
    )
    await eventually(
      'every capture can be read',
      async () => {
        const items = []
        for (let cursor: string | null = ''; cursor !== null; ) {
          const page: Awaited<ReturnType<typeof account.client.list>> = await account.client.list({
            limit: 200,
            ...(cursor && { cursor }),
          })
          items.push(...page.value.items)
          cursor = page.value.next
        }
        expect(items).toHaveLength(sent)
        return true
      },
      { deadlineMs: 30_000, everyMs: 250 },
    )
  })
})
