import { stageNames } from '@synap/contracts'
import { describe, expect, it } from 'vitest'
import { judgeClock } from './clock.ts'
import { judgeFolder, networkName } from './data-folder.ts'
import { judgeDependencies } from './dependencies.ts'
import { judgeDisk } from './disk.ts'
import { formatBytes } from './format-bytes.ts'
import { judgeTopics } from './kafka.ts'
import { judgeKey } from './key.ts'
import { judgeMemory } from './memory.ts'
import { judgeModels } from './model.ts'
import { isAtLeast, judgeNode } from './node-version.ts'
import { judgeParts } from './parts.ts'
import { judgeItem } from './pipeline.ts'
import { judgeDatabase } from './postgres.ts'
import { judgeProviders } from './providers.ts'
import { judgeServices } from './services.ts'

const gb = 2 ** 30
const now = Date.parse('2026-11-21T12:00:00Z')

describe('node', () => {
  it.each([
    ['24.12.0', 'ok'],
    ['25.0.0', 'ok'],
    ['24.9.0', 'failed'],
    ['22.20.1', 'failed'],
  ])('given %s, it is %s', (version, state) => expect(judgeNode(version).state).toBe(state))

  it('given parts that are not named, they count as 0', () => {
    expect([isAtLeast('17.6', '17'), isAtLeast('17', '17.1'), isAtLeast('9.6.24', '17')]).toEqual([
      true,
      false,
      false,
    ])
  })
})

describe('dependencies', () => {
  const locked = {
    packages: {
      '': { version: '0.3.0' },
      'node_modules/zod': { version: '4.6.7' },
      'node_modules/only-on-mac': { version: '1.0.0', optional: true },
    },
  }
  const installed = (version: string) => ({ packages: { 'node_modules/zod': { version } } })

  it('given what is locked, it is well; what is for other machines need not be there', () => {
    expect(judgeDependencies(locked, installed('4.6.7')).state).toBe('ok')
  })

  it('given another version, or none, it says npm ci', () => {
    for (const found of [installed('4.6.6'), { packages: {} }]) {
      expect(judgeDependencies(locked, found)).toEqual({
        state: 'failed',
        found: 'not as locked: zod',
        advice: 'npm ci',
      })
    }
  })
})

describe('the machine', () => {
  it('given little room, it warns; given none, it fails', () => {
    const states = [3 * gb, gb, gb / 10].map((free) => judgeDisk(free, '/data').state)
    expect(states).toEqual(['ok', 'warning', 'failed'])
  })

  it('given memory, what can be started with it is told', () => {
    expect(judgeMemory(8 * gb, 16 * gb, 'none').found).toBe('8.0 GB of 16 GB available')
    expect(judgeMemory(gb, 2 * gb, 'none')).toMatchObject({
      state: 'ok',
      found: expect.stringContaining('./synap up'),
    })
    expect(judgeMemory(gb / 4, 2 * gb, 'none').state).toBe('warning')
    expect(judgeMemory(gb / 4, 2 * gb, 'standalone').state).toBe('ok')
  })

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_536, '1.5 KB'],
    [850 * 2 ** 20, '850 MB'],
    [1_000 * 2 ** 20, '1.0 GB'],
  ])('given %i bytes, it reads %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))
})

describe('the key', () => {
  const key = { name: 'phone', scopes: ['read', 'write'] as ('read' | 'write')[], expiresAt: null }

  it('given read and write, it is well; without one of them, or about to end, it warns', () => {
    expect(judgeKey(key, now).state).toBe('ok')
    expect(judgeKey({ ...key, scopes: ['read'] }, now)).toMatchObject({
      state: 'warning',
      advice: expect.stringContaining('write'),
    })
    const soon = { ...key, expiresAt: '2026-11-24T12:00:00Z' }
    expect(judgeKey(soon, now)).toMatchObject({
      state: 'warning',
      found: expect.stringContaining('in 3 days'),
    })
  })
})

describe('the clock', () => {
  it.each([
    // A server says whole seconds, cut: up to 999 ms behind is nothing.
    [now - 900, 'ok', 'as that of the server'],
    [now + 30_000, 'warning', '30 s behind the server'],
    [now - 30_999, 'warning', '30 s ahead of the server'],
    [now + 3_600_000, 'failed', '3600 s behind the server'],
  ])('given %i, it is %s: %s', (date, state, found) => {
    expect(judgeClock(date, now, now)).toMatchObject({ state, found })
  })

  it('given a slow answer, the time it took is no difference', () => {
    expect(judgeClock(now + 3_000, now, now + 5_000).state).toBe('ok')
  })
})

describe('the database', () => {
  const facts = {
    version: '17.6',
    user: 'synap',
    isSuperuser: false,
    vector: '0.8.0',
    timescaledb: '2.19.3',
    license: 'apache',
  }

  it('given all it needs, the edition is told', () => {
    expect(judgeDatabase(facts)).toEqual({
      state: 'ok',
      found: '17.6; vector 0.8.0, timescaledb 2.19.3 (Apache edition: no compression); login synap',
      advice: null,
    })
  })

  it('given a superuser, an old server or no vectors, it fails; without timescaledb it warns', () => {
    const worse = [{ isSuperuser: true }, { version: '16.4' }, { vector: null }, { timescaledb: null }]
    const states = worse.map((change) => judgeDatabase({ ...facts, ...change }).state)
    expect(states).toEqual(['failed', 'failed', 'failed', 'warning'])
  })
})

describe('the topics', () => {
  const fine = { topic: 'a', partitions: { found: 12, declared: 12 }, changes: {} }

  it('given a missing topic or another setting, setup is the cure; given other partitions, it is not', () => {
    expect(judgeTopics([fine], 'k:1').state).toBe('ok')
    expect(judgeTopics([fine, { ...fine, topic: 'b', partitions: null }], 'k:1')).toEqual({
      state: 'failed',
      found: 'b is missing',
      advice: './synap setup',
    })
    const changes = { 'retention.ms': { from: '1', to: '2' } }
    expect(judgeTopics([{ ...fine, changes }], 'k:1').found).toBe('a differs in retention.ms')
    const split = { ...fine, partitions: { found: 3, declared: 12 } }
    expect(judgeTopics([split], 'k:1').advice).not.toContain('setup')
  })
})

describe('the services', () => {
  const part = { name: 'ingest', state: 'ready', problem: null, log: '/log' } as const

  it('given one that is not ready, its log is named; given one that is down, how to start it', () => {
    expect(judgeServices([part]).state).toBe('ok')
    expect(judgeServices([part, { ...part, name: 'query', state: 'unready', problem: 'postgres' }])).toEqual({
      state: 'failed',
      found: 'query is unready: postgres',
      advice: 'See its log: tail /log',
    })
    expect(judgeServices([{ ...part, state: 'down', log: null }]).advice).toBe('./synap up')
  })
})

it('given a part of a standalone that is not ready, why and where to look is told', () => {
  const part = { name: 'relay', state: 'ready', problem: null } as const
  expect(judgeParts([part], '/log').state).toBe('ok')
  expect(judgeParts([{ ...part, state: 'unready', problem: 'relay: halted' }], '/log')).toEqual({
    state: 'failed',
    found: 'relay: relay: halted',
    advice: "See its log: tail '/log'",
  })
})

describe('the data folder', () => {
  const facts = { mode: 0o40700, isOwn: true, free: gb, network: undefined }

  it('given a folder for its owner alone, it is well', () => {
    expect(judgeFolder('/d', facts)).toMatchObject({ state: 'ok', found: '/d, mode 700, 1.0 GB free' })
  })

  it('given one open to others, of another user, gone, or far away, it says what to do', () => {
    expect(judgeFolder('/d', { ...facts, mode: 0o40755 })).toMatchObject({
      state: 'failed',
      advice: `chmod 700 '/d'`,
    })
    expect(judgeFolder('/d', { ...facts, isOwn: false }).advice).toContain('chown')
    expect(judgeFolder('/d', undefined).state).toBe('failed')
    expect(judgeFolder('/d', { ...facts, network: 'NFS' }).state).toBe('warning')
  })

  it('given the number of a file system, network ones are known on Linux alone', () => {
    expect(networkName(0x6969, 'linux')).toBe('NFS')
    // As statfs gives CIFS where longs are signed.
    expect(networkName(0xff534d42 | 0, 'linux')).toBe('CIFS')
    expect(networkName(0xef53, 'linux')).toBeUndefined()
    expect(networkName(0x6969, 'darwin')).toBeUndefined()
  })
})

describe('the model', () => {
  it.each([
    [undefined, [], undefined, 'failed'],
    [401, [], undefined, 'failed'],
    [404, [], undefined, 'failed'],
    [200, ['a'], 'b', 'warning'],
    [200, ['a'], 'a', 'ok'],
    [200, [], 'a', 'ok'],
  ])('given %s with %j and %s wanted, it is %s', (status, names, wanted, state) => {
    expect(judgeModels('http://m/models', status, names, wanted).state).toBe(state)
  })
})

describe('what ./synap up would use', () => {
  const none = { docker: 'no daemon answers', native: 'not root', missing: [], kept: null }

  it('given neither Docker nor Debian, it warns: ./synap start needs neither', () => {
    expect(judgeProviders(none)).toMatchObject({
      state: 'warning',
      advice: expect.stringContaining('./synap start'),
    })
  })

  it('given data of one that cannot work now, it warns; else what works is told', () => {
    expect(judgeProviders({ ...none, kept: 'docker' })).toMatchObject({
      state: 'warning',
      found: 'docker, as at the last start, but no daemon answers',
    })
    const found = [
      { ...none, docker: undefined },
      { ...none, docker: undefined, missing: ['x'] },
      { ...none, docker: undefined, native: undefined, missing: ['x'] },
      { ...none, native: undefined },
    ].map((facts) => judgeProviders(facts).found)
    expect(found).toEqual([
      'Docker: a daemon answers, the images are there',
      'Docker: a daemon answers, 1 image to be pulled',
      'Docker if it can pull 1 image within 30 s, else Debian packages',
      'Debian packages (native), for no daemon answers',
    ])
  })
})

describe('the newest item', () => {
  const stages = stageNames.map((stage, place) => ({
    stage,
    state: place < 3 ? ('done' as const) : ('retrying' as const),
    at: null,
    attempts: 1,
    error: place < 3 ? null : 'database.unavailable',
    nextRetryAt: null,
  }))
  const status = {
    id: 'an-id',
    version: 1,
    sequence: 1,
    complete: false,
    work: null,
    cost: null,
    stages,
  } as Parameters<typeof judgeItem>[0]

  it('given one that waits, where it waits and why is told', () => {
    expect(judgeItem(status, '2026-11-21T11:00:00Z', now)).toEqual({
      state: 'warning',
      found: 'the newest item (1 hour ago) is retrying at "projected" (database.unavailable)',
      advice: './synap get an-id',
    })
    expect(judgeItem({ ...status, complete: true }, '2026-11-21T11:00:00Z', now).state).toBe('ok')
  })
})
