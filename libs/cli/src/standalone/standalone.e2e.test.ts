import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ledgerGaps, watchLedger } from '@synap/ledger'
import { eventually } from '@synap/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connect, findConnection } from '../connection.ts'
import { openLedger } from '../ledger/open-ledger.ts'
import { findStandalone, writeProfile } from './profile.ts'
import { runStandalone, type Standalone } from './run-standalone.ts'
import { standaloneStatus } from './standalone-status.ts'
import { stopStandalone } from './stop-standalone.ts'

const patienceMs = 120_000

describe('a standalone that runs', () => {
  let dataDir: string
  let profile: string
  let standalone: Standalone

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'synap-cli-'))
    profile = join(dataDir, 'standalone.env')
    standalone = await runStandalone({ dataDir, port: 0 })
    writeProfile(standalone, profile)
  })
  afterEach(async () => {
    standalone.stop('SIGTERM')
    await standalone.ended
    await rm(dataDir, { recursive: true, force: true })
  })

  const running = () => {
    const found = findStandalone(profile)
    if (found === undefined) throw new Error('it was not found')
    return found
  }

  it('given its profile, every part of it is ready', async () => {
    const { parts, memoryBytes } = await eventually(
      'all parts are ready',
      async () => {
        const found = await standaloneStatus(running())
        expect(found.parts.filter(({ state }) => state !== 'ready')).toEqual([])
        return found
      },
      { deadlineMs: patienceMs },
    )
    expect(parts).toHaveLength(9)
    expect(memoryBytes).toBeGreaterThan(50 * 1_024 * 1_024)
  })

  it('given a capture, the ledger that it tells becomes level, its topic too', async () => {
    const connection = findConnection({}, {}, profile)
    expect(connection).toMatchObject({ isLocalStack: false, standalone: { dataDir } })
    const client = connect(connection, 'long')
    await client.capture({ type: 'note', content: 'Buy milk' })
    await using reader = await openLedger(connection, client)
    if (reader === undefined) throw new Error('there is no ledger')
    const signal = AbortSignal.timeout(patienceMs)
    const ledger = await watchLedger(reader, { stillMs: patienceMs, signal, onProgress: () => undefined })
    expect(ledgerGaps(ledger)).toEqual([])
    expect(ledger).toMatchObject({
      acknowledged: { items: 1 },
      topic: { events: ledger.acknowledged.events },
    })
  })

  it('given somebody who stops it, that is an end without a fault, and its profile is gone', async () => {
    const how = await stopStandalone(running(), profile)
    expect(how).not.toContain('killed')
    await standalone.ended
    expect(existsSync(profile)).toBe(false)
    expect(findStandalone(profile)).toBeUndefined()
  })
})
