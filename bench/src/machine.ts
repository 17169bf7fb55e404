import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { repositoryRoot } from './repository.ts'

/** Where the numbers are from: they do not travel without it. */
export interface Machine {
  cpu: string
  cores: number
  memoryGiB: number
  system: string
  node: string
  /** Runnable processes of the last minute: above the cores, others were at work too. */
  loadAtStart: number
  loadAtEnd: number
  /** Commit of the checkout; a `+` when it held changes. */
  commit: string
}

export function describeMachine(): Omit<Machine, 'loadAtEnd'> {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${systemName()}, kernel ${release()}`,
    node: process.version,
    loadAtStart: currentLoad(),
    commit: commit(),
  }
}

/** The load average of the last minute. */
export const currentLoad = (): number => Math.round((loadavg()[0] ?? 0) * 10) / 10

function systemName(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? type()
  } catch {
    return type()
  }
}

function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: repositoryRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+')
  } catch {
    return 'unknown'
  }
}
