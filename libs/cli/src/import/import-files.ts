import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ApiError, type IngestClient } from '@synap/client'
import { problems } from '@synap/contracts'
import { describeError, errorClass, sha256Hex } from '@synap/core'
import type { Journal } from './journal.ts'

export interface ImportReport {
  /** Captured by this run. */
  imported: number
  /** Captured by an earlier run and unchanged since. */
  known: number
  /** Captured by an earlier run and changed since; left as they are. */
  changed: string[]
  /** Nothing in them. */
  empty: number
  failed: { path: string; reason: string }[]
}

export interface ImportOptions {
  folder: string
  files: readonly string[]
  client: Pick<IngestClient, 'capture'>
  journal: Journal
  concurrency: number
  /** IANA name, where the dates in the files are meant; left out: where the user is. */
  timeZone?: string | undefined
  signal: AbortSignal
  onProgress(done: number): void
}

export interface ImportResult {
  report: ImportReport
  /** Why it ended before the last file: Synap is away or does not take the key. Undefined when all were tried. */
  stopped: unknown
}

/**
 * Captures each file once, several at a time. A run may end anywhere: what was acknowledged stands in the journal, and
 * what was sent without an answer is sent again under the same `Idempotency-Key`, which has the first effect again. A
 * file that is refused is reported and the others go on; what would befall every other file too ends the run.
 */
export async function importFiles(options: ImportOptions): Promise<ImportResult> {
  const report: ImportReport = { imported: 0, known: 0, changed: [], empty: 0, failed: [] }
  const queue = options.files.values()
  const stopping = new AbortController()
  const signal = AbortSignal.any([options.signal, stopping.signal])
  let stopped: unknown
  let done = 0
  const worker = async () => {
    for (const path of queue) {
      if (signal.aborted) return
      try {
        await importFile(path, { ...options, signal }, report)
      } catch (error) {
        if (signal.aborted) return
        if (concernsAll(error)) {
          stopped = error
          stopping.abort(error)
          return
        }
        report.failed.push({ path, reason: describeError(error) })
      }
      options.onProgress(++done)
    }
  }
  await Promise.all(Array.from({ length: options.concurrency }, worker))
  return { report, stopped }
}

/** Not about this file. A plain 500 may be, so that it stands in nobody else's way. */
function concernsAll(error: unknown): boolean {
  if (error instanceof ApiError && error.status === 500) return false
  return ['dependency', 'configuration'].includes(errorClass(error))
}

async function importFile(path: string, options: ImportOptions, report: ImportReport): Promise<void> {
  const { folder, client, journal, timeZone, signal } = options
  const bytes = await readFile(join(folder, path))
  const sha256 = sha256Hex(bytes)
  const known = journal.entries.get(path)
  if (known !== undefined) {
    if (known.sha256 === sha256) report.known += 1
    else report.changed.push(path)
    return
  }
  const content = decode(bytes)
  if (content.trim() === '') {
    report.empty += 1
    return
  }
  const idempotencyKey = `import-${sha256Hex(`${folder}\n${path}\n${sha256}`).slice(0, 40)}`
  const request = { type: 'note', content, metadata: { path } } as const
  const zone = timeZone === undefined ? {} : { timeZone }
  const { id } = await client
    .capture(request, { idempotencyKey, signal, ...zone })
    .catch((error: unknown) => {
      throw isMismatch(error) ? new Error(sentBefore) : error
    })
  await journal.add(path, { sha256, id })
  report.imported += 1
}

/** The path and the bytes are in the key: nothing but the time zone can have changed. Under a new key it might be there twice. */
const sentBefore =
  'it was sent with another --time-zone before, without an answer: import once more with that one'

const isMismatch = (error: unknown) =>
  error instanceof ApiError && error.problem?.type === problems.idempotencyMismatch.type

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Error('it is not text in UTF-8')
  }
}
