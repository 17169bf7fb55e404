import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { identify, isRunning } from '../process/identity.ts'
import { stopProcess } from '../process/stop.ts'
import { down } from './down.ts'
import { stackLayout } from './layout.ts'
import type { Progress } from './progress.ts'
import { type PartRecord, readRecords, writeRecord } from './records.ts'
import { status } from './status.ts'
import { up } from './up.ts'

const root = join(import.meta.dirname, '..', '..', '..', '..')
// Below the temporary folder of the whole run, which is removed also when the run is interrupted.
const folder = mkdtempSync(join(inject('synapCoordinator').folder, 'stack-'))
const layout = stackLayout(root, folder)
const lines: string[] = []
const progress: Progress = { line: (text) => void lines.push(text), waiting: () => undefined }

beforeAll(async () => {
  await up({ root, folder, ephemeral: true, bound: true, progress })
})
afterAll(async () => {
  await down({ root, folder, wipe: true, progress })
  rmSync(folder, { recursive: true, force: true })
})

function recordOf(name: string): PartRecord & { type: 'service' } {
  const record = readRecords(layout).get(name)
  if (record?.type !== 'service') throw new Error(`${name} is not running`)
  return record
}

describe('the whole stack', () => {
  it('given up, every part is ready, the key works, and nobody else can read the secrets', async () => {
    const found = await status(root, folder)
    expect(found.parts.filter((part) => part.state !== 'ready')).toEqual([])
    expect(found).toMatchObject({ ok: true })
    expect(statSync(layout.envFile).mode & 0o777).toBe(0o600)
    expect(statSync(layout.settingsFile).mode & 0o777).toBe(0o600)
    const env = parseEnv(readFileSync(layout.envFile, 'utf8'))
    const list = await fetch(`${env['SYNAP_QUERY_URL']}/v1/entities`, {
      headers: { authorization: `Bearer ${env['SYNAP_API_KEY']}` },
    })
    expect(list.status).toBe(200)
  })

  it('given a service that was killed, status says so and up starts that one only', async () => {
    const killed = recordOf('projector')
    const kept = recordOf('ingest')
    await stopProcess(killed, { signal: 'SIGKILL', deadlineMs: 1_000 })
    const found = await status(root, folder)
    expect(found.ok).toBe(false)
    expect(found.parts.filter((part) => part.state !== 'ready')).toMatchObject([
      { name: 'projector', state: 'down', problem: 'it was started and has ended' },
    ])
    lines.length = 0
    await up({ root, folder, bound: true, progress })
    expect(lines.filter((line) => line.includes('is ready on'))).toEqual([
      expect.stringContaining('projector'),
    ])
    expect(recordOf('ingest').pid).toBe(kept.pid)
    expect((await status(root, folder)).ok).toBe(true)
  })

  it('given other ports while parts run, up refuses and says what to do', async () => {
    const moving = up({ root, folder, progress, ports: { ingest: 1 } })
    await expect(moving).rejects.toThrow('./synap down first')
  })

  it('given down, everything ends but a process that only has the number of ours', async () => {
    const records = [...readRecords(layout).values()]
    expect(records).toHaveLength(9)
    const query = recordOf('query')
    await stopProcess(query, { signal: 'SIGTERM', deadlineMs: 20_000 })
    // As if the number had been given to another process since.
    writeRecord(layout, { ...query, pid: process.pid, startedAt: 'long ago' })
    expect(await down({ root, folder, progress })).toBe(9)
    expect(identify(process.pid)).toBeDefined()
    for (const record of records) if (record.type !== 'container') expect(isRunning(record)).toBe(false)
    expect((await status(root, folder)).parts.every((part) => part.state === 'down')).toBe(true)
  })

  it('given up after down, the data and the key are still there; given a taken port, it is named', async () => {
    const before = parseEnv(readFileSync(layout.envFile, 'utf8'))
    await up({ root, folder, bound: true, progress })
    const after = parseEnv(readFileSync(layout.envFile, 'utf8'))
    expect(after).toEqual(before)
    await down({ root, folder, progress })
    const port = Number(new URL(before['SYNAP_QUERY_URL'] ?? '').port)
    const squatter = createServer()
    await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve))
    await expect(up({ root, folder, progress })).rejects.toThrow(`port ${port} (query) is used by node`)
    await new Promise((resolve) => squatter.close(resolve))
    expect(readRecords(layout).size).toBe(0)
  })

  it('given down with wipe, data, keys and logs are gone', async () => {
    await down({ root, folder, wipe: true, progress })
    expect(
      ['data', 'logs', 'stack.env', 'settings.json'].filter((name) => existsSync(join(folder, name))),
    ).toEqual([])
  })
})
