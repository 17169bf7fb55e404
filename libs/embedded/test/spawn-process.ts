import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface TestProcess {
  pid: number
  /** What it has printed so far, line by line. */
  lines: readonly string[]
  /** Resolves when a line begins like this; rejects when the process ends before. */
  line(start: string): Promise<string>
  kill(signal: NodeJS.Signals): Promise<void>
}

/** Runs a program of this folder in a process of its own. */
export function spawnProcess(program: string, ...args: string[]): TestProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, program), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  const waiting = new Set<() => void>()
  const tell = () => {
    for (const look of waiting) look()
  }
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    tell()
  })
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
  })
  void ended.then(tell)
  return {
    pid: child.pid ?? 0,
    lines,
    line: (start) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.find((line) => line.startsWith(start))
          if (found === undefined && child.exitCode === null && child.signalCode === null) return
          waiting.delete(look)
          if (found === undefined) reject(new Error(`it ended before "${start}": ${lines.join(' | ')}`))
          else resolve(found)
        }
        waiting.add(look)
        look()
      }),
    kill: async (signal) => {
      child.kill(signal)
      await ended
    },
  }
}
