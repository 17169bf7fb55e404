import type { PartStatus } from '@synap/servers'
import { describe, expect, it } from 'vitest'
import type { StandaloneStatus } from '../standalone/standalone-status.ts'
import { joinStatus } from './status.ts'

const part = (state: PartStatus['state'], problem: string | null = null): PartStatus => ({
  name: 'postgres',
  kind: 'server',
  state,
  problem,
  address: null,
  pid: null,
  container: null,
  uptimeMs: null,
  log: null,
})
const stack = (...parts: PartStatus[]) => ({
  ok: parts.every(({ state }) => state === 'ready'),
  provider: 'native',
  parts,
})
const standalone = (state: 'ready' | 'unready'): StandaloneStatus => ({
  url: 'http://127.0.0.1:4140',
  adminUrl: 'http://127.0.0.1:4190',
  pid: 7,
  uptimeMs: 1,
  memoryBytes: 1,
  dataDir: '/data',
  log: '/data/standalone.log',
  parts: [{ ...part('ready'), name: 'database', state, container: null, pid: 7, uptimeMs: 1, log: '/log' }],
})
const namesOf = (found: ReturnType<typeof joinStatus>) => found.parts.map(({ way, name }) => `${way} ${name}`)

describe('status of whichever way runs', () => {
  it('given a stack alone, it is what the stack says', () => {
    const found = joinStatus(stack(part('ready')), undefined)
    expect(found).toMatchObject({ ok: true, provider: 'native', standalone: null })
    expect(namesOf(found)).toEqual(['stack postgres'])
  })

  it('given a standalone beside a stack that is down, the stack is no trouble', () => {
    const found = joinStatus(stack(part('down')), standalone('ready'))
    expect(found).toMatchObject({
      ok: true,
      provider: 'standalone',
      standalone: { pid: 7, dataDir: '/data' },
    })
    expect(namesOf(found)).toEqual(['standalone database'])
    expect(joinStatus(stack(part('down')), standalone('unready')).ok).toBe(false)
  })

  it('given both, or a stack that has died beside it, both are shown and both count', () => {
    const both = joinStatus(stack(part('ready')), standalone('ready'))
    expect(both).toMatchObject({ ok: true, provider: 'native' })
    expect(namesOf(both)).toEqual(['standalone database', 'stack postgres'])
    expect(joinStatus(stack(part('down', 'it has ended')), standalone('ready')).ok).toBe(false)
  })
})
