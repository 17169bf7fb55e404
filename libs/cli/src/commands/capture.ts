import { randomUUID } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { buffer as readAll } from 'node:stream/consumers'
import type { SynapClient } from '@synap/client'
import { type CaptureRequest, type CaptureResponse, type EntityView, entityTypes } from '@synap/contracts'
import { describeError } from '@synap/core'
import { type Command, Option } from 'commander'
import { type AwaitedItem, awaitItem, isProjected, standsAt } from '../await-item.ts'
import { CommandError } from '../command-error.ts'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { itemSentence, searchFor } from '../describe-item.ts'
import { exitCodes } from '../exit-codes.ts'
import { clip, note, printJson, printTable } from '../output.ts'
import { relativeDue } from '../relative-time.ts'

interface CaptureOptions extends ConnectionFlags {
  type: CaptureRequest['type']
  title?: string
  tag: string[]
  wait: boolean
  json?: boolean
}

const waitMs = 5_000

/** `synap capture TEXT|-|FILE` */
export function registerCapture(program: Command): void {
  const command = program
    .command('capture')
    .description('keep a thought: words, a text file, or standard input (-)')
    .argument(
      '<text...>',
      'the words; one argument that names a file captures the file; - reads standard input',
    )
    .addOption(new Option('-t, --type <type>', 'what it is').choices([...entityTypes]).default('note'))
    .option('--title <title>', 'its title; left out, one is proposed')
    .option('--tag <name>', 'a tag; may be given again', collect, [])
    .option('--no-wait', 'do not wait to see what became of it')
    .option('--json', 'one JSON document: {id, version, sequence, correlationId, status, entity}')
    .addHelpText(
      'after',
      `
Prints the id as soon as the item is kept, then waits up to ${waitMs / 1_000} seconds until it
is enriched and can be found. The exit code is 0 once it is kept, whatever comes
after. In JSON, status and entity are null as long as they are not known.

Examples:
  $ ./synap capture "Buy milk tomorrow"
  $ ./synap capture notes.md --tag work
  $ date | ./synap capture -`,
    )
  withConnection(command).action(async (words: string[], options: CaptureOptions) => {
    const body = await requestOf(words, options)
    await withSynap(options, async (client) => {
      const kept = await client.capture(body, { idempotencyKey: randomUUID() })
      if (!options.json && !process.stdout.isTTY) console.log(kept.id)
      const outcome = options.wait ? await watch(client, kept) : undefined
      if (options.json) printJson(documentOf(kept, outcome))
      else printOutcome(kept, outcome)
    })
  })
}

const collect = (value: string, all: string[]): string[] => [...all, value]

async function requestOf(words: readonly string[], options: CaptureOptions): Promise<CaptureRequest> {
  const content = await contentOf(words)
  if (content.trim() === '')
    throw new CommandError('There is nothing to capture: it is empty.', exitCodes.usage)
  return {
    type: options.type,
    content,
    ...(options.title === undefined ? {} : { title: options.title }),
    ...(options.tag.length === 0 ? {} : { tags: options.tag }),
  }
}

interface Outcome extends AwaitedItem {
  entity: EntityView | undefined
}

/** Waits for the pipeline; Ctrl-C ends the waiting, for the item is kept. */
async function watch(client: SynapClient, { id }: CaptureResponse): Promise<Outcome> {
  const interrupted = new AbortController()
  const interrupt = () => {
    process.exitCode = exitCodes.interrupted
    interrupted.abort(new Error('interrupted'))
  }
  process.once('SIGINT', interrupt)
  try {
    const awaited = await awaitItem(client, id, { deadlineMs: waitMs, signal: interrupted.signal })
    const { status } = awaited
    if (status === undefined || !isProjected(status)) return { ...awaited, entity: undefined }
    const read = { minSequence: status.sequence, waitMs: 1_000, staleAllowed: true }
    const entity = await client.getEntity(id, read).catch(() => undefined)
    return { ...awaited, entity: entity?.value }
  } finally {
    process.off('SIGINT', interrupt)
  }
}

const documentOf = (kept: CaptureResponse, outcome: Outcome | undefined) => ({
  id: kept.id,
  version: kept.version,
  sequence: kept.sequence,
  correlationId: kept.correlationId,
  status: outcome?.status ?? null,
  entity: outcome?.entity ?? null,
})

function printOutcome({ id }: CaptureResponse, outcome: Outcome | undefined): void {
  const entity = outcome?.status?.complete ? outcome.entity : undefined
  if (process.stdout.isTTY) printTable(['', ''], entity === undefined ? [['id', id]] : itemRows(entity))
  else if (entity !== undefined) note(itemSentence(entity))
  if (entity === undefined) return note(`${whyNotYet(outcome)} Look again: ./synap get ${id}`)
  const word = searchFor(entity)
  if (process.stdout.isTTY && word !== undefined) note(`\nFind it again: ./synap search ${word}`)
}

const itemRows = (entity: EntityView): [string, string][] => [
  ['id', entity.id],
  ['type', entity.type],
  ['title', clip(entity.title ?? entity.preview ?? '', 200)],
  ...(entity.task?.due
    ? [['due', `${relativeDue(entity.task.due)}, ${entity.task.due}`] as [string, string]]
    : []),
  ...(entity.tags.length > 0
    ? [['tags', clip(entity.tags.map((tag) => tag.name).join(', '), 200)] as [string, string]]
    : []),
]

function whyNotYet(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'It is kept.'
  const stage = outcome.status === undefined ? undefined : standsAt(outcome.status)
  if (stage === undefined) {
    const reason = outcome.problem === undefined ? '' : ` (${describeError(outcome.problem)})`
    return `It is kept; what becomes of it cannot be seen now${reason}.`
  }
  const error = stage.error === null ? '' : `, ${stage.error}`
  return `It is kept, and on its way it stands before "${stage.stage}" (${stage.state}${error}).`
}

async function contentOf(words: readonly string[]): Promise<string> {
  const [first = ''] = words
  if (words.length > 1) return words.join(' ')
  if (first === '-') return decodeText(await readAll(process.stdin), 'What came in')
  if (first === '' || /[\n\0]/.test(first)) return first
  const found = await stat(first).catch(() => undefined)
  if (found === undefined) return first
  if (!found.isFile()) {
    throw new CommandError(`${first} is a folder. Bring it in with: ./synap import ${first}`, exitCodes.usage)
  }
  return decodeText(await readFile(first), first)
}

function decodeText(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new CommandError(`${name} is not text in UTF-8; only text can be captured so far.`, exitCodes.usage)
  }
}
