import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { programEnvironment } from '@synap/testing'

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

const main = join(import.meta.dirname, '..', 'src', 'main.ts')

/** Runs the command as a process of its own; `onStarted` gets the child, to type or to signal. */
export function runSynap(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  onStarted: (child: ReturnType<typeof spawn>) => void = () => undefined,
): Promise<Ended> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    env: { ...programEnvironment(), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  onStarted(child)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}
