import { spawn } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { identify, isRunning, signalProcess } from './identity.ts'
import { run, runChecked } from './run.ts'
import { stopProcess } from './stop.ts'

function start(script: string) {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ready = new Promise((resolve) => child.stdout.once('data', resolve))
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)))
  return { child, ready, exited }
}

const sayAndStay = 'console.log("up"); setInterval(() => {}, 1000);'

describe('a process', () => {
  it('given a number that another process has by now, it is not signalled', async () => {
    const { child, ready, exited } = start(sayAndStay)
    await ready
    const identity = identify(child.pid ?? 0)
    const recycled = { pid: child.pid ?? 0, startedAt: 'an earlier process' }
    expect(signalProcess(recycled, 'SIGKILL')).toBe(false)
    expect(await stopProcess(recycled, { signal: 'SIGTERM', deadlineMs: 100 })).toBe('absent')
    expect(identity !== undefined && isRunning(identity)).toBe(true)
    child.kill('SIGKILL')
    expect(await exited).toBe('SIGKILL')
    expect(identify(child.pid ?? 0)).toBeUndefined()
  })

  it('given one that ends when asked, it is stopped; given one that does not, it is killed at the deadline', async () => {
    const polite = start(sayAndStay)
    await polite.ready
    const deaf = start(`process.on("SIGTERM", () => {}); ${sayAndStay}`)
    await deaf.ready
    const stop = (pid = 0) => {
      const identity = identify(pid)
      return identity === undefined ? 'absent' : stopProcess(identity, { signal: 'SIGTERM', deadlineMs: 200 })
    }
    expect(await stop(polite.child.pid)).toBe('stopped')
    expect(await stop(deaf.child.pid)).toBe('killed')
  })

  it('given a program that fails, the error holds what it said', async () => {
    const script = 'console.error("no disk"); process.exit(3)'
    await expect(runChecked('saving', process.execPath, ['-e', script])).rejects.toThrow(
      /saving failed.*3.*\nno disk/,
    )
    await expect(runChecked('saving', 'no-such-program', [])).rejects.toThrow(
      'no-such-program cannot be started',
    )
  })

  it('given lines in pieces, each whole line is told once', async () => {
    const lines: string[] = []
    const script = 'process.stdout.write("a\\nb"); setTimeout(() => process.stdout.write("c\\n"), 30)'
    await run(process.execPath, ['-e', script], { onLine: (line, from) => lines.push(`${from} ${line}`) })
    expect(lines).toEqual(['stdout a', 'stdout bc'])
  })
})
