import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Bytes of memory that a process has in use (resident); null when it is gone or the system does not tell. */
export function residentBytes(pid: number): number | null {
  try {
    const kibibytes =
      process.platform === 'linux'
        ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
        : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim()
    return kibibytes ? Number(kibibytes) * 1_024 : null
  } catch {
    return null
  }
}
