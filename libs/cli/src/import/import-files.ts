import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { IngestClient } from '@synap/client'
import { describeError, sha256Hex } from '@synap/core'
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
  client: IngestClient
  journal: Journal
  concurrency: number
  signal: AbortSignal
  onProgress(done: number): void
}

/**
 * Captures each file once, several at a time. A run may end anywhere: what was acknowledged stands in the journal, and
 * what was sent without an answer is sent again under the same `Idempotency-Key`, which has the first effect again.
 */
export async function importFiles(options: ImportOptions): Promise<ImportReport> {
  const report: ImportReport = { imported: 0, known: 0, changed: [], empty: 0, failed: [] }
  const queue = options.files.values()
  let done = 0
  const worker = async () => {
    for (const path of queue) {
      if (options.signal.aborted) return
      await importFile(path, options, report).catch((error: unknown) => {
        if (!options.signal.aborted) report.failed.push({ path, reason: describeError(error) })
      })
      options.onProgress(++done)
    }
  }
  await Promise.all(Array.from({ length: options.concurrency }, worker))
  return report
}

async function importFile(path: string, options: ImportOptions, report: ImportReport): Promise<void> {
  const { folder, client, journal, signal } = options
  const bytes = await readFile(join(folder, path))
  const sha256 = sha256Hex(bytes)
  const known = journal.entries.get(path)
  if (known !== undefined) {
    if (known.sha256 === sha256) report.known += 1
    else report.changed.push(path)
    return
  }
  const content = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  if (content.trim() === '') {
    report.empty += 1
    return
  }
  const idempotencyKey = `import-${sha256Hex(`${folder}\n${path}\n${sha256}`).slice(0, 40)}`
  const request = { type: 'note', content, metadata: { path } } as const
  const { id } = await client.capture(request, { idempotencyKey, signal })
  await journal.add(path, { sha256, id })
  report.imported += 1
}
