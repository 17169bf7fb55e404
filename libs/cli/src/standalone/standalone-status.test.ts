import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { partsOf, standaloneStatus } from './standalone-status.ts'

const sound = {
  service: 'ok',
  'ingest.postgres': 'ok',
  'ingest.kafka': 'ok',
  'ingest.object-store': 'ok',
  'ingest.relay': 'ok',
  'query.database': 'ok',
  'query.object-store': 'ok',
  'events-writer.consumer': 'ok',
  'projector.events': 'ok',
  'enricher.model': 'ok',
}
const names = [
  'database',
  'log',
  'object-store',
  'ingest',
  'relay',
  'query',
  'events-writer',
  'projector',
  'enricher',
]

/** The rows that something is said of. */
const troubled = (checks: Parameters<typeof partsOf>[0]) =>
  partsOf(checks).flatMap(({ name, problem, isMinor }) =>
    problem === null ? [] : [[name, problem, isMinor]],
  )

describe('the parts of a standalone', () => {
  it('given checks that hold, there is a row per part and nothing is said of any', () => {
    expect(partsOf(sound).map(({ name }) => name)).toEqual(names)
    expect(troubled(sound)).toEqual([])
  })

  it('given a consumer that halted, its service alone is not ready', () => {
    expect(troubled({ ...sound, 'projector.events': 'position.lost' })).toEqual([
      ['projector', 'events: position.lost', false],
    ])
  })

  it('given a store that fails, it and all who need it say so; who goes on without it says that', () => {
    const checks = { ...sound, 'ingest.object-store': 'x', 'query.object-store': 'degraded: x' }
    expect(troubled(checks)).toEqual([
      ['object-store', 'x', false],
      ['ingest', 'object-store: x', false],
      ['query', 'object-store: degraded: x', true],
    ])
  })

  it('given a relay that stands still, that is no minor thing of the relay', () => {
    expect(troubled({ ...sound, 'ingest.relay': 'degraded: relay.stuck' })).toEqual([
      ['relay', 'relay: degraded: relay.stuck', false],
    ])
  })

  it('given one that is ending, none of its parts is ready', () => {
    expect(troubled({ ...sound, service: 'stopping' })).toHaveLength(names.length)
  })
})

describe('the status of a standalone', () => {
  const running = (adminUrl: string) => ({
    process: { pid: process.pid, startedAt: 'x' },
    since: Date.now() - 5_000,
    url: 'http://127.0.0.1:4140',
    adminUrl,
    dataDir: '/data',
    logFile: '/data/standalone.log',
  })

  it('given one that answers, its parts are those it tells, with address, process, age and memory', async () => {
    const server = createServer((_request, response) => response.end(JSON.stringify({ checks: sound })))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const found = await standaloneStatus(running(`http://127.0.0.1:${port}`))
    server.closeAllConnections()
    server.close()
    expect(found.parts.map(({ state }) => state)).toEqual(names.map(() => 'ready'))
    expect(found.parts.find(({ name }) => name === 'ingest')?.address).toBe('127.0.0.1:4140')
    expect(found).toMatchObject({ pid: process.pid, dataDir: '/data', log: '/data/standalone.log' })
    expect(found.uptimeMs).toBeGreaterThanOrEqual(5_000)
    expect(found.memoryBytes).toBeGreaterThan(0)
  })

  it('given one that does not answer, no part of it is ready', async () => {
    const found = await standaloneStatus(running('http://127.0.0.1:1'))
    for (const { state, problem } of found.parts)
      expect([state, problem]).toEqual(['unready', 'it does not answer at /readyz'])
  })
})
