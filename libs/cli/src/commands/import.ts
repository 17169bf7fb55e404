import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Ledger, ledgerGaps, watchLedger } from '@synap/ledger'
import type { Command } from 'commander'
import { CommandError } from '../command-error.ts'
import {
  type Connection,
  type ConnectionFlags,
  connect,
  findConnection,
  withConnection,
} from '../connection.ts'
import { exitCodes } from '../exit-codes.ts'
import { explain } from '../explain.ts'
import { findMarkdown } from '../import/find-files.ts'
import { type ImportReport, type ImportResult, importFiles } from '../import/import-files.ts'
import { journalFolder, openJournal } from '../import/journal.ts'
import { printLedger } from '../ledger/print-ledger.ts'
import { note, plain, printJson } from '../output.ts'
import { parseCount } from '../parse-count.ts'
import { parseTimeZone } from '../parse-time-zone.ts'
import { withBar } from '../progress-bar.ts'

interface ImportFlags extends ConnectionFlags {
  concurrency: number
  timeZone?: string
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
      '--time-zone <name>',
      'where the dates in the files are meant, such as Europe/Berlin; left out: as your settings say',
      parseTimeZone,
    )
    .option(
      '--wait <seconds>',
      'give up waiting for the pipeline after this long without progress',
      parseCount,
      120,
    )
    .option('--no-ledger', 'do not wait until the pipeline is level, and print no ledger')
    .option('--json', 'one JSON document: {imported, known, changed, empty, failed, ledger}')
    .addHelpText(
      'after',
      `
The ledger counts what each store holds of your account. It is read from the
servers of ./synap up on the machine where they run, or told by ./synap start.
Ctrl-C ends the import at once; the same command goes on where it was. The exit
code is 0 when every file is in and the stores agree.

Examples:
  $ ./synap import ~/notes
  $ ./synap import ~/notes --time-zone Europe/Berlin`,
    )
  withConnection(command).action(async (dir: string, flags: ImportFlags) => {
    const connection = findConnection(flags)
    const interrupted = new AbortController()
    const interrupt = () => interrupted.abort(new Error('interrupted'))
    process.once('SIGINT', interrupt)
    process.once('SIGTERM', interrupt)
    try {
      process.exitCode = await runImport(resolve(dir), flags, connection, interrupted.signal)
    } catch (error) {
      if (interrupted.signal.aborted) process.exitCode = interruption()
      else throw explain(error, connection)
    } finally {
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', interrupt)
    }
  })
}

function interruption(): number {
  note('Interrupted. Run the same command again to go on.')
  return exitCodes.interrupted
}

async function runImport(
  folder: string,
  flags: ImportFlags,
  connection: Connection,
  signal: AbortSignal,
): Promise<number> {
  const { report, stopped } = await importFolder(folder, flags, connection, signal)
  if (!flags.json) printReport(report)
  const isWhole = !signal.aborted && stopped === undefined
  const ledger = await settledLedger(flags.ledger && isWhole ? connection : undefined, flags, signal).catch(
    (error: unknown) => {
      // What was imported is told all the same.
      if (flags.json) printJson({ ...report, ledger: null })
      throw error
    },
  )
  if (flags.json) printJson({ ...report, ledger: ledger ?? null })
  else if (ledger !== undefined) printLedger(ledger)
  if (signal.aborted) return interruption()
  if (stopped !== undefined) {
    note('The import ended early. Run the same command again to go on.')
    throw stopped
  }
  const isSound = report.failed.length === 0 && (ledger === undefined || ledgerGaps(ledger).length === 0)
  return isSound ? exitCodes.ok : exitCodes.failed
}

async function importFolder(
  folder: string,
  flags: ImportFlags,
  connection: Connection,
  signal: AbortSignal,
): Promise<ImportResult> {
  const found = await stat(folder).catch(() => undefined)
  if (!found?.isDirectory()) throw new CommandError(`${folder} is not a folder.`, exitCodes.usage)
  const journal = await openJournal(journalFolder(connection), folder, connection)
  const files = await findMarkdown(folder)
  if (files.length === 0)
    throw new CommandError(`There is no Markdown file (.md) below ${folder}.`, exitCodes.usage)
  return withBar('files', files.length, (update) =>
    importFiles({
      folder,
      files,
      client: connect(connection, 'long'),
      journal,
      concurrency: flags.concurrency,
      timeZone: flags.timeZone,
      signal,
      onProgress: update,
    }),
  )
}

/** The ledger once all stores are level, or as it is when nothing moves any more; undefined for a Synap elsewhere. */
async function settledLedger(
  connection: Connection | undefined,
  flags: ImportFlags,
  signal: AbortSignal,
): Promise<Ledger | undefined> {
  if (connection === undefined) return undefined
  // The drivers of all servers: other commands need not wait for them.
  const { openLedger } = await import('../ledger/open-ledger.ts')
  await using reader = await openLedger(connection, connect(connection, 'long'))
  if (reader === undefined) {
    note(
      'No ledger can be had: this Synap does not tell it, and the addresses of its servers are known only where ./synap up runs.',
    )
    return undefined
  }
  // `await`, or the reader is disposed of before it has read.
  return await withBar('enriched and searchable', 0, (update, total) =>
    watchLedger(reader, {
      stillMs: flags.wait * 1_000,
      signal,
      onProgress({ done, of }) {
        total(of)
        update(done)
      },
    }),
  )
}

/** Failed files named one by one; above this, counted. */
const named = 20

function printReport(report: ImportReport): void {
  const parts = [
    `${report.imported} imported`,
    ...(report.known > 0 ? [`${report.known} already here`] : []),
    ...(report.empty > 0 ? [`${report.empty} empty`] : []),
    ...(report.failed.length > 0 ? [`${report.failed.length} failed`] : []),
  ]
  console.log(parts.join(', '))
  for (const { path, reason } of report.failed.slice(0, named)) note(`failed: ${plain(path)}: ${reason}`)
  if (report.failed.length > named) note(`… and ${report.failed.length - named} more`)
  if (report.changed.length > 0)
    note(`${report.changed.length} changed since they were imported; they were left as they are.`)
}
