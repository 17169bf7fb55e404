import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * A process that cannot be confused with a later one of the same number: `startedAt` is the boot's id and the start
 * in clock ticks since that boot (Linux, proc(5) field 22), elsewhere the start time that `ps` prints.
 */
export interface ProcessIdentity {
  pid: number
  startedAt: string
}

/** The identity of a live process; undefined when there is none, or only a zombie that nobody has waited for. */
export function identify(pid: number): ProcessIdentity | undefined {
  if (!Number.isInteger(pid) || pid <= 1) return undefined
  const startedAt = process.platform === 'linux' ? startedAtLinux(pid) : startedAtPs(pid)
  return startedAt === undefined ? undefined : { pid, startedAt }
}

/** True while exactly this process lives. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAt === identity.startedAt
}

/**
 * Sends a signal to exactly this process, or with `group` to the process group that it leads.
 * False when it is gone already.
 */
export function signalProcess(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
  target: 'process' | 'group' = 'process',
): boolean {
  if (!isRunning(identity)) return false
  try {
    process.kill(target === 'group' ? -identity.pid : identity.pid, signal)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

let bootId: string | undefined

function startedAtLinux(pid: number): string | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  // The command name is in parentheses and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state] = fields
  if (state === 'Z' || state === 'X') return undefined
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return `${bootId}/${fields[19] ?? ''}`
}

function startedAtPs(pid: number): string | undefined {
  try {
    // It prints local time in the words of a language: of the same ones, whoever asks.
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
    const options = { encoding: 'utf8' as const, stdio: 'pipe' as const, env }
    const line = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], options).trim()
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '')
  } catch {
    return undefined
  }
}
