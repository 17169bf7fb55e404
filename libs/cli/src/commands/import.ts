import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { SingleBar } from 'cli-progress'
import type { Command } from 'commander'
import { CommandError } from '../command-error.ts'
import {
  type Connection,
  type ConnectionFlags,
  connect,
  findConnection,
  withConnection,
} from '../connection.ts'
import { findMarkdown } from '../import/find-files.ts'
import { type ImportReport, importFiles } from '../import/import-files.ts'
import { openJournal } from '../import/journal.ts'
import { type Ledger, ledgerGaps } from '../ledger/ledger.ts'
import { openLedger } from '../ledger/open-ledger.ts'
import { printLedger } from '../ledger/print-ledger.ts'
import { watchLedger } from '../ledger/watch-ledger.ts'
import { note, printJson } from '../output.ts'
import { parseCount } from './list.ts'

interface ImportFlags extends ConnectionFlags {
  concurrency: number
  wait: number
  ledger: boolean
  json?: boolean
}

/** `synap import DIR` */
export function registerImport(program: Command): void {
  const command = program
    .command('import')
    .description('bring in a folder of Markdown; run it again to go on, or to bring in what is new')
    .argument('<dir>', 'the folder; hidden files and links are left out')
    .option('--concurrency <count>', 'captures under way at once', parseCount, 8)
    .option(
      '--wait <seconds>',
      'give up waiting for the pipeline after this long without progress',
      parseCount,
      120,
    )
    .option('--no-ledger', 'do not wait until the pipeline is level, and print no ledger')
    .option('--json', 'print report and ledger as one JSON document')
    .addHelpText(
      'after',
      `
The ledger counts what each store holds of your account and is read from the servers themselves, so it is printed on the
machine where ./synap up runs. Exit code: 0 when every file is in and the stores agree, 1 otherwise.

Example:
  $ ./synap import ~/notes`,
    )
  withConnection(command).action(async (dir: string, flags: ImportFlags) => {
    process.exitCode = await runImport(resolve(dir), flags)
  })
}

async function runImport(folder: string, flags: ImportFlags): Promise<number> {
  const found = await stat(folder).catch(() => undefined)
  if (!found?.isDirectory()) throw new CommandError(`${folder} is not a folder.`, 2)
  const connection = findConnection(flags)
  const journal = await openJournal(folder, connection)
  const files = await findMarkdown(folder)
  if (files.length === 0) throw new CommandError(`There is no Markdown file (.md) below ${folder}.`, 2)
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')))
  const report = await withBar(`${files.length} files`, files.length, (update) =>
    importFiles({
      folder,
      files,
      client: connect(connection),
      journal,
      concurrency: flags.concurrency,
      signal: interrupted.signal,
      onProgress: update,
    }),
  )
  if (!flags.json) printReport(report)
  if (interrupted.signal.aborted) {
    note('Interrupted. Run the same command again to go on.')
    return 130
  }
  const ledger = flags.ledger ? await settledLedger(connection, flags.wait, interrupted.signal) : undefined
  if (flags.json) printJson({ ...report, ledger: ledger ?? null })
  else if (ledger !== undefined) printLedger(ledger)
  const sound = report.failed.length === 0 && (ledger === undefined || ledgerGaps(ledger).length === 0)
  return sound ? 0 : 1
}

/** The ledger once all stores are level, or as it is when nothing moves any more; undefined for a Synap elsewhere. */
async function settledLedger(
  connection: Connection,
  waitSeconds: number,
  signal: AbortSignal,
): Promise<Ledger | undefined> {
  await using reader = await openLedger(connection)
  if (reader === undefined) {
    note('No ledger: it needs the addresses of the servers, which are known where ./synap up runs.')
    return undefined
  }
  // `await`, or the reader is disposed of before it has read.
  return await withBar('enriched and searchable', 0, (update, total) =>
    watchLedger(reader, {
      stillMs: waitSeconds * 1_000,
      signal,
      onProgress({ done, of }) {
        total(of)
        update(done)
      },
    }),
  )
}

async function withBar<T>(
  what: string,
  total: number,
  work: (update: (done: number) => void, total: (of: number) => void) => Promise<T>,
): Promise<T> {
  const format = `{bar} {value} of {total} ${what}, {duration_formatted}`
  const bar = new SingleBar({
    format,
    stream: process.stderr,
    noTTYOutput: false,
    hideCursor: true,
    etaBuffer: 50,
  })
  bar.start(total, 0)
  try {
    return await work(
      (done) => bar.update(done),
      (of) => bar.setTotal(of),
    )
  } finally {
    bar.stop()
  }
}

function printReport(report: ImportReport): void {
  const parts = [
    `${report.imported} imported`,
    ...(report.known > 0 ? [`${report.known} already here`] : []),
    ...(report.empty > 0 ? [`${report.empty} empty`] : []),
    ...(report.failed.length > 0 ? [`${report.failed.length} failed`] : []),
  ]
  console.log(parts.join(', '))
  for (const { path, reason } of report.failed.slice(0, 20)) note(`failed: ${path}: ${reason}`)
  if (report.failed.length > 20) note(`… and ${report.failed.length - 20} more`)
  if (report.changed.length > 0)
    note(`${report.changed.length} changed since they were imported; they were left as they are.`)
}
