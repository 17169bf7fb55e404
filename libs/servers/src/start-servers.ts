import { setTimeout as sleep } from 'node:timers/promises'
import { describeError } from '@synap/core'
import type { Report } from './cache/cache.ts'
import { initDatabases } from './database.ts'
import { probeServer } from './health.ts'
import type { ServerKind, ServerProvider, ServerRecord, ServerSettings } from './server.ts'

export interface StartServersOptions {
  report: Report
  signal?: AbortSignal | undefined
  /** Called as soon as a server runs, before it is ready, so that it can be stopped whatever comes next. */
  onLaunched?: ((record: ServerRecord) => void) | undefined
  /** Called when a server is ready. */
  onReady?: ((record: ServerRecord, ms: number) => void) | undefined
}

/** Milliseconds until a server must answer; slow disks and a busy machine included. */
const readyDeadlineMs = 90_000

/**
 * Launches these servers at once, as far as one does not need another, and resolves when all of them answer.
 * The registry waits for Postgres and its databases. What was launched stays when this rejects: the caller stops it.
 */
export async function startServers(
  provider: ServerProvider,
  kinds: readonly ServerKind[],
  settings: ServerSettings,
  options: StartServersOptions,
): Promise<ServerRecord[]> {
  const start = async (kind: ServerKind) => {
    const began = Date.now()
    const record = await provider.launch(kind, settings)
    options.onLaunched?.(record)
    await waitUntilReady(provider, record, settings, options.signal)
    if (kind === 'postgres') await initDatabases(provider, settings, options.report)
    options.onReady?.(record, Date.now() - began)
    return record
  }
  const postgres = kinds.includes('postgres') ? start('postgres') : undefined
  const others = kinds
    .filter((kind) => kind !== 'postgres')
    .map(async (kind) => {
      if (kind === 'registry') await postgres
      return start(kind)
    })
  const results = await Promise.allSettled(postgres === undefined ? others : [postgres, ...others])
  const failure = results.find((result) => result.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}

/** Resolves when the server answers; rejects with the end of its log when it ends first, or at the deadline. */
export async function waitUntilReady(
  provider: ServerProvider,
  record: ServerRecord,
  settings: ServerSettings,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + readyDeadlineMs
  for (;;) {
    signal?.throwIfAborted()
    let problem: unknown
    try {
      return await probeServer(provider, record.name, settings)
    } catch (error) {
      problem = error
    }
    if (!(await provider.isRunning(record))) {
      throw new Error(await withLog(`${record.name} ended while starting`, provider, record))
    }
    if (Date.now() > deadline) {
      const text = `${record.name} is not ready after ${readyDeadlineMs / 1000} s (${describeError(problem)})`
      throw new Error(await withLog(text, provider, record))
    }
    await sleep(50)
  }
}

async function withLog(text: string, provider: ServerProvider, record: ServerRecord): Promise<string> {
  const said = await provider.logTail(record, 15)
  return `${text}. The end of ${record.log}:\n${said === '' ? '(empty)' : said}`
}
