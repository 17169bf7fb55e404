import { residentBytes } from '@synap/servers'
import type { RunningStandalone } from './profile.ts'

export interface StandalonePart {
  name: string
  kind: 'server' | 'service'
  /** `ready`: works. `unready`: cannot work, see `problem`. */
  state: 'ready' | 'unready'
  problem: string | null
  address: string | null
  pid: number
  container: null
  /** Milliseconds since it was started. */
  uptimeMs: number
  log: string
}

export interface StandaloneStatus {
  url: string
  adminUrl: string
  pid: number
  uptimeMs: number
  /** Resident; null where the system does not tell. */
  memoryBytes: number | null
  dataDir: string
  log: string
  parts: StandalonePart[]
}

/** What the process answers at /readyz: `ok`, `degraded: <code>` or a code, by the name of the check. */
type Checks = Readonly<Record<string, string>>

const answerDeadlineMs = 5_000

/** Asks a standalone how its parts are. One that does not answer has no part that is ready. */
export async function standaloneStatus(found: RunningStandalone): Promise<StandaloneStatus> {
  const { url, adminUrl, dataDir, logFile } = found
  const { pid } = found.process
  const uptimeMs = Date.now() - found.since
  const checks = await readChecks(adminUrl)
  const listens = new Set(['ingest', 'query'])
  const parts = partsOf(checks).map(
    ({ isMinor, ...part }): StandalonePart => ({
      ...part,
      state: part.problem === null || isMinor ? 'ready' : 'unready',
      address: listens.has(part.name) ? new URL(url).host : null,
      pid,
      container: null,
      uptimeMs,
      log: logFile,
    }),
  )
  return { url, adminUrl, pid, uptimeMs, memoryBytes: residentBytes(pid), dataDir, log: logFile, parts }
}

/** The checks, or in one word why there are none. */
async function readChecks(adminUrl: string): Promise<Checks | string> {
  try {
    const answer = await fetch(new URL('/readyz', adminUrl), {
      signal: AbortSignal.timeout(answerDeadlineMs),
    })
    const { checks } = (await answer.json()) as { checks?: Checks }
    return checks ?? 'its answer at /readyz is not understood'
  } catch {
    return 'it does not answer at /readyz'
  }
}

const resources: Readonly<Record<string, RegExp>> = {
  database: /\.(database|postgres)$/,
  log: /\.kafka$/,
  'object-store': /\.object-store$/,
}
const services = ['ingest', 'relay', 'query', 'events-writer', 'projector', 'enricher']

interface Part {
  name: string
  kind: StandalonePart['kind']
  problem: string | null
  /** It goes on without what is missing. */
  isMinor: boolean
}

/** One row for each thing that all stand on, then one for each service. */
export function partsOf(checks: Checks | string): Part[] {
  return [
    ...Object.entries(resources).map(([name, pattern]) =>
      partOf(name, 'server', checks, (check) => pattern.test(check)),
    ),
    ...services.map((name) => partOf(name, 'service', checks, (check) => ownerOf(check) === name)),
  ]
}

function partOf(
  name: string,
  kind: Part['kind'],
  checks: Checks | string,
  isOwn: (check: string) => boolean,
): Part {
  if (typeof checks === 'string') return { name, kind, problem: checks, isMinor: false }
  const { service = 'ok' } = checks
  if (service !== 'ok') return { name, kind, problem: service, isMinor: false }
  const failing = Object.entries(checks).filter(([check, result]) => isOwn(check) && result !== 'ok')
  if (failing.length === 0) return { name, kind, problem: null, isMinor: false }
  const isMinor =
    kind === 'service' && name !== 'relay' && failing.every(([, result]) => result.startsWith('degraded: '))
  const told = failing.map(([check, result]) =>
    kind === 'server' ? result.replace('degraded: ', '') : `${check.split('.').at(-1) ?? check}: ${result}`,
  )
  return { name, kind, problem: [...new Set(told)].join(', '), isMinor }
}

/** `ingest.relay` is a row of its own; `ingest.kafka` and the like are of the service and of what it stands on. */
const ownerOf = (check: string): string =>
  check === 'ingest.relay' ? 'relay' : (check.split('.', 1)[0] ?? check)
