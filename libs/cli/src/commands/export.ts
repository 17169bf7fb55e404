import { resolve } from 'node:path'
import type { ExportView } from '@synap/contracts'
import { BadArchive, type Verification, verifyExport } from '@synap/export'
import type { Command } from 'commander'
import { CommandError } from '../command-error.ts'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { formatBytes } from '../doctor/format-bytes.ts'
import { exitCodes } from '../exit-codes.ts'
import { awaitExport } from '../export/await-export.ts'
import { assertFree, fetchArchive } from '../export/fetch-archive.ts'
import { clip, note, plain, printJson, printTable } from '../output.ts'
import { paint } from '../paint.ts'
import { createProgress } from '../progress.ts'

interface ExportFlags extends ConnectionFlags {
  json?: boolean
  force?: boolean
  id?: string
}

/** `synap export FILE`, `synap export verify FILE` */
export function registerExport(program: Command): void {
  const command = program
    .command('export')
    .description('save everything you have in one file, and check it')
    .argument('<file>', 'where to save it: a ZIP file')
    .helpCommand(false)
    .option('--force', 'replace the file when there is one')
    .option('--id <id>', 'go on with an export that was begun before')
    .option('--json', 'one JSON document: {file, export, verification}')
    .addHelpText(
      'after',
      `
Items, everything that happened to them, links, tags, files and what AI made,
with the schemas to read it: docs/reference/export-format.md. The file is
checked once it is here. Interrupted? The export goes on; --id fetches it.

Exit code 1 when the file is not what it should be, or something of yours could
not be exported; the file says what.

Examples:
  $ ./synap export my-synap.zip
  $ ./synap export my-synap.zip --force --json
  $ ./synap export verify my-synap.zip`,
    )
  withConnection(command).action(async (file: string, flags: ExportFlags) => {
    process.exitCode = await runExport(resolve(file), flags)
  })
  registerVerify(command)
}

async function runExport(file: string, flags: ExportFlags): Promise<number> {
  await assertFree(file, flags.force === true)
  const view = await withSynap(flags, async (client) => {
    const progress = createProgress(process.stderr)
    try {
      const done = await awaitExport(client, flags.id, (view) => progress.waiting([describeProgress(view)]))
      progress.waiting([`the archive, ${formatBytes(done.archive?.size ?? 0)}`])
      await fetchArchive(client, done, file)
      return done
    } finally {
      progress.end()
    }
  })
  const verification = await verify(file)
  const hasGaps = Object.values(view.gaps ?? {}).some((gap) => gap > 0)
  if (flags.json) printJson({ file, export: { ...view, archive: withoutLink(view) }, verification })
  else printVerification(file, verification)
  return verification.ok && !hasGaps ? exitCodes.ok : exitCodes.failed
}

/** A link is as good as a key for an hour: it is not printed. */
function withoutLink({ archive }: ExportView) {
  if (archive === null) return null
  const { url: _url, urlExpiresAt: _expires, ...rest } = archive
  return rest
}

function describeProgress({ progress, attempt }: ExportView): string {
  const number = (value: number) => value.toLocaleString('en')
  const done = [
    `${number(progress.events)} events`,
    `${number(progress.entities)} items`,
    `${number(progress.files)} files`,
    formatBytes(progress.bytes),
  ]
  const again = attempt > 1 ? `, begun ${attempt} times` : ''
  return `the export: ${progress.part}, ${done.join(', ')}${again}`
}

function registerVerify(parent: Command): void {
  parent
    .command('verify')
    .description('check an export by itself: every hash and count, and that its events come to its items')
    .argument('<file>', 'the ZIP file')
    .option('--json', 'one JSON document: {ok, manifest, findings, found, folded}')
    .addHelpText(
      'after',
      `
Needs no Synap and no key. Exit code 1 when the file is not what it should be.

Examples:
  $ ./synap export verify my-synap.zip
  $ ./synap export verify my-synap.zip --json`,
    )
    .action(async (file: string, _flags: unknown, command: Command) => {
      // `--json` is the parent's word too, which then takes it.
      const { json } = command.optsWithGlobals<{ json?: boolean }>()
      const verification = await verify(resolve(file))
      if (json) printJson(verification)
      else printVerification(resolve(file), verification)
      process.exitCode = verification.ok ? exitCodes.ok : exitCodes.failed
    })
}

async function verify(file: string): Promise<Verification> {
  try {
    return await verifyExport(file)
  } catch (error) {
    if (error instanceof BadArchive)
      throw new CommandError(`${file} is no whole export: ${plain(error.message)}.`)
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new CommandError(`There is no file ${file}.`, exitCodes.usage)
    if (code === 'EISDIR') throw new CommandError(`${file} is a folder.`, exitCodes.usage)
    throw error
  }
}

const shown = 20

function printVerification(file: string, { ok, manifest, findings, found, folded }: Verification): void {
  const { counts, missingEvents, incomplete, fileProblems } = manifest
  const number = (value: number) => value.toLocaleString('en')
  printTable(
    ['', ''],
    [
      ['file', file],
      ['of', `${manifest.userId}, ${manifest.createdAt}, up to sequence ${manifest.sequence}`],
      ['events', number(counts.events)],
      ['items', number(counts.entities)],
      ['links', number(counts.relations)],
      ['tags', number(counts.tags)],
      ['files', `${number(counts.files)}, ${formatBytes(counts.fileBytes)}`],
    ],
  )
  for (const { where, what } of findings.slice(0, shown))
    console.log(`${paint.red('wrong')}  ${clip(`${where} ${what}`, 200)}`)
  if (found > shown) console.log(`and ${number(found - shown)} more`)
  for (const { path, reason } of fileProblems.slice(0, shown))
    console.log(`${paint.yellow('lacks')}  ${clip(`${path}: ${reason}`, 200)}`)
  for (const { sequence, reason } of missingEvents.slice(0, shown))
    console.log(`${paint.yellow('lacks')}  event ${sequence}: ${clip(reason, 100)}`)
  for (const { aggregateId, reason } of incomplete.slice(0, shown))
    console.log(`${paint.yellow('lacks')}  the state of ${clip(`${aggregateId}: ${reason}`, 100)}`)
  if (!ok) note('The file is not what it should be.')
  else if (folded) note('Every hash and count is right, and the events come to the items.')
  else
    note('Every hash and count is right. The items were made by another version, so they were not compared.')
}
