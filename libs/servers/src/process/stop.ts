import { setTimeout as sleep } from 'node:timers/promises'
import { isRunning, type ProcessIdentity, signalProcess } from './identity.ts'

export interface StopOptions {
  /** What the program takes as "finish and leave". */
  signal: NodeJS.Signals
  /** Milliseconds it gets before SIGKILL. */
  deadlineMs: number
  /** `group` also kills what it has started, when it has to be killed. */
  target?: 'process' | 'group'
}

export type StopOutcome = 'stopped' | 'killed' | 'absent'

/** Ends exactly this process: politely, after the deadline with SIGKILL. Resolves when it is gone. */
export async function stopProcess(identity: ProcessIdentity, options: StopOptions): Promise<StopOutcome> {
  if (!signalProcess(identity, options.signal)) return 'absent'
  if (await isGone(identity, options.deadlineMs)) return 'stopped'
  signalProcess(identity, 'SIGKILL', options.target ?? 'process')
  if (await isGone(identity, 10_000)) return 'killed'
  throw new Error(`process ${identity.pid} is still there 10 s after SIGKILL; it may hang in the kernel`)
}

async function isGone(identity: ProcessIdentity, deadlineMs: number): Promise<boolean> {
  const deadline = Date.now() + deadlineMs
  while (isRunning(identity)) {
    if (Date.now() >= deadline) return false
    await sleep(10)
  }
  return true
}
