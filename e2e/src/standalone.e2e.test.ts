import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@synap/client'
import { eventually } from '@synap/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..')

interface Started {
  child: ChildProcess
  url: string
  apiKey: string
  dataDir: string
}

/** `synap start` on the folder; the first line on stdout is what programs read. */
function spawnStart(dataDir: string): {
  child: ChildProcess
  said: () => { stdout: string; stderr: string }
} {
  const args = ['start', '--data', dataDir, '--port', '0', '--json', '--quiet', '--no-profile']
  const child = spawn(process.execPath, [join('libs', 'cli', 'src', 'main.ts'), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said.stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said.stderr += text))
  return { child, said: () => said }
}

async function start(dataDir: string): Promise<Started> {
  const { child, said } = spawnStart(dataDir)
  const line = await eventually(
    'standalone is ready',
    async () => {
      if (said().stdout.includes('\n')) return said().stdout
      if (child.exitCode !== null) return 'ended'
      throw new Error(`it said: ${said().stderr}`)
    },
    { deadlineMs: 60_000, everyMs: 50 },
  )
  if (line === 'ended') throw new Error(`it did not start: ${said().stderr}`)
  return { child, ...(JSON.parse(line) as Omit<Started, 'child'>) }
}

const clientOf = ({ url, apiKey }: Started) =>
  createClient({ ingestUrl: url, queryUrl: url, apiKey, deadlineMs: 20_000, attempts: 4 })

/** The process that holds the folder. */
const holderOf = (dataDir: string) =>
  (JSON.parse(readFileSync(join(dataDir, 'lock.json'), 'utf8')) as { pid: number }).pid

describe('standalone', () => {
  let dataDir: string
  const children: ChildProcess[] = []

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'synap-standalone-'))
  })
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    }
    rmSync(dataDir, { recursive: true, force: true })
  })
  const begin = async () => {
    const started = await start(dataDir)
    children.push(started.child)
    return started
  }
  const findsTask = (started: Started, query: string, id: string) =>
    eventually(
      'search finds the task',
      async () => {
        const { items } = (await clientOf(started).search({ q: query })).value
        expect(items.map(({ entity }) => [entity.id, entity.type])).toContainEqual([id, 'task'])
        return true
      },
      { deadlineMs: 30_000 },
    )

  it('given a capture, it is a task that search finds, also after a SIGKILL and under the same key', async () => {
    const first = await begin()
    const kept = await clientOf(first).capture({ type: 'note', content: 'Buy milk tomorrow' })
    await findsTask(first, 'milk', kept.id)

    const exited = once(first.child, 'exit')
    process.kill(holderOf(dataDir), 'SIGKILL')
    expect(await exited).toEqual([1, null])

    const second = await begin()
    expect(second.apiKey).toBe(first.apiKey)
    await findsTask(second, 'milk', kept.id)
    const later = await clientOf(second).capture({ type: 'note', content: 'Call Bob tomorrow' })
    expect(later.sequence).toBeGreaterThan(kept.sequence)
    await findsTask(second, 'Bob', later.id)
  })

  it('given a folder in use, a second start is refused with the reason, and the first goes on', async () => {
    const first = await begin()
    const { child, said } = spawnStart(dataDir)
    children.push(child)
    expect(await once(child, 'close')).toEqual([78, null])
    expect(said().stderr).toContain(`is in use by process ${holderOf(dataDir)}`)
    expect((await clientOf(first).list()).value.items).toEqual([])
  })

  it('given SIGTERM or SIGINT, it ends with exit code 0 and gives the folder back', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const { child } = await begin()
      const exited = once(child, 'exit')
      child.kill(signal)
      const ended = await exited
      expect(ended, readFileSync(join(dataDir, 'standalone.log'), 'utf8')).toEqual([0, null])
    }
  })

  const hasEnded = (pid: number) =>
    eventually(
      'the service has ended',
      async () => {
        expect(() => process.kill(pid, 0)).toThrow('ESRCH')
        return true
      },
      { deadlineMs: 60_000 },
    )

  it('given SIGKILL of the command itself, the service ends too', async () => {
    const { child } = await begin()
    const pid = holderOf(dataDir)
    child.kill('SIGKILL')
    expect(await hasEnded(pid)).toBe(true)
  })

  it('given SIGKILL of the command while the service starts, the service ends too', async () => {
    const { child } = spawnStart(dataDir)
    children.push(child)
    const pid = await eventually('the folder is taken', () => holderOf(dataDir), { deadlineMs: 60_000 })
    child.kill('SIGKILL')
    expect(await hasEnded(pid)).toBe(true)
  })
})
