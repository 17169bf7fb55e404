import { eventually, startService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, type Pipeline, ways } from './pipeline.ts'

describe.each(ways)('operation: $way', ({ startPipeline }) => {
  let pipeline: Pipeline

  beforeAll(async () => {
    pipeline = await startPipeline({ telemetry: true })
  })
  afterAll(() => pipeline[Symbol.asyncDispose]())

  it('given any process, /livez, /readyz and /metrics answer on the admin port and not on the public one', async () => {
    for (const name of pipeline.processes) {
      const { adminUrl } = pipeline.service(name)
      expect((await fetch(`${adminUrl}/livez`)).status, name).toBe(200)
      expect((await fetch(`${adminUrl}/readyz`)).status, name).toBe(200)
      expect(await (await fetch(`${adminUrl}/metrics`)).text(), name).toMatch(/^# TYPE nodejs_eventloop/m)
    }
    for (const name of ['ingest', 'query'] as const) {
      const { url } = pipeline.service(name)
      for (const path of ['/metrics', '/readyz']) expect((await fetch(url + path)).status, name).toBe(404)
    }
  })

  it('given SIGTERM under load, each process ends with code 0 within 15 s and nothing acknowledged is lost', async () => {
    const account = await pipeline.createAccount('load')
    const load = startLoad(account)
    await eventually('the load has begun', () => load.acknowledged() > 20)
    for (const name of pipeline.processes) {
      const process = pipeline.service(name)
      process.kill('SIGTERM')
      expect(await process.exited, process.logs().slice(-2_000)).toEqual({ code: 0, signal: null })
    }
    await pipeline.start('ingest')
    await Promise.all(
      pipeline.processes.filter((name) => name !== 'ingest').map((name) => pipeline.start(name)),
    )
    const sent = await load.stop()
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

/** Captures one after the other; each again under its key until it is acknowledged. */
function startLoad({ client }: Account): { acknowledged(): number; stop(): Promise<number> } {
  let acknowledged = 0
  let stopped = false
  const capture = (idempotencyKey: string) =>
    eventually(
      'a capture is acknowledged',
      () => client.capture({ type: 'note', content: idempotencyKey }, { idempotencyKey }),
      { deadlineMs: 60_000 },
    )
  const running = (async () => {
    while (!stopped) {
      await capture(`load-${acknowledged}`)
      acknowledged += 1
    }
  })()
  // Looked at when it is stopped; until then it is nobody's error.
  running.catch(() => undefined)
  return {
    acknowledged: () => acknowledged,
    async stop() {
      stopped = true
      await running
      return acknowledged
    },
  }
}

describe('a wrong start', () => {
  const servers = { DATABASE_URL: 'nonsense', KAFKA_BROKERS: '' }
  it.each([
    { program: 'ingest', env: servers, problems: [...Object.keys(servers), 'S3_ENDPOINT', 'S3_BUCKET'] },
    {
      program: 'standalone',
      env: { OPENAI_BASE_URL: 'nonsense' },
      problems: ['DATA_DIR', 'OPENAI_BASE_URL'],
    },
  ])(
    'given $program with a wrong environment, every problem is listed at once',
    async ({ program, env, problems }) => {
      const service = await startService(program, { ...env, LOG_LEVEL: 'loud' })
      const { code } = await service.exited
      expect(code).toBe(78)
      for (const name of [...problems, 'LOG_LEVEL']) expect(service.logs()).toContain(name)
    },
  )
})
