import { randomUUID } from 'node:crypto'
import type { SynapClient } from '@synap/client'
import {
  type CaptureFileRequest,
  type CaptureRequest,
  type CaptureResponse,
  type EntityView,
  entityTypes,
} from '@synap/contracts'
import { describeError } from '@synap/core'
import { type Command, Option } from 'commander'
import { type AwaitedItem, awaitItem, isProjected, standsAt } from '../await-item.ts'
import { type CaptureInput, readCaptureInput } from '../capture-input.ts'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { itemSentence, searchFor } from '../describe-item.ts'
import { exitCodes } from '../exit-codes.ts'
import { clip, note, printJson, printTable } from '../output.ts'
import { parseTimeZone } from '../parse-time-zone.ts'
import { withBar } from '../progress-bar.ts'
import { relativeDue } from '../relative-time.ts'

interface CaptureOptions extends ConnectionFlags {
  type: CaptureRequest['type']
  title?: string
  tag: string[]
  timeZone?: string
  wait: boolean
  json?: boolean
}

const waitMs = 5_000
const mebibyte = 1_048_576
/** A smaller file is sent before a bar could be read. */
const barFromBytes = 8 * mebibyte

/** `synap capture TEXT|-|FILE` */
export function registerCapture(program: Command): void {
  const command = program
    .command('capture')
    .description('keep a thought: words, any file, or standard input (-)')
    .argument(
      '<text...>',
      'the words; one argument that names a file captures the file; - reads standard input',
    )
    .addOption(new Option('-t, --type <type>', 'what it is').choices([...entityTypes]).default('note'))
    .option('--title <title>', 'its title; left out, one is proposed (a file that is no text: its name)')
    .option('--tag <name>', 'a tag; may be given again', collect, [])
    .option(
      '--time-zone <name>',
      'where its dates are meant, such as Europe/Berlin; left out: as your settings say',
      parseTimeZone,
    )
    .option('--no-wait', 'do not wait to see what became of it')
    .option('--json', 'one JSON document: {id, version, sequence, correlationId, status, entity}')
    .addHelpText(
      'after',
      `
Prints the id as soon as the item is kept, then waits up to ${waitMs / 1_000} seconds until it
is enriched and can be found. The exit code is 0 once it is kept, whatever comes
after. In JSON, status and entity are null as long as they are not known.

A text (UTF-8, up to 1 MiB) is kept as content. Any other file is sent as it is;
what it is is told from its bytes, and the server says how large it may be.

Examples:
  $ ./synap capture "Buy milk tomorrow"
  $ ./synap capture notes.md --tag work
  $ ./synap capture photo.jpg --title "The harbour"
  $ ./synap capture "Call Ana tomorrow at 9" --time-zone America/New_York
  $ date | ./synap capture -`,
    )
  withConnection(command).action(async (words: string[], options: CaptureOptions) => {
    const input = await readCaptureInput(words, process.stdin)
    await withSynap(options, async (client) => {
      const kept = await send(client, input, options)
      if (!options.json && !process.stdout.isTTY) console.log(kept.id)
      const outcome = options.wait ? await watch(client, kept) : undefined
      if (options.json) printJson(documentOf(kept, outcome))
      else printOutcome(kept, outcome, namesOf(input, options))
    })
  })
}

const collect = (value: string, all: string[]): string[] => [...all, value]

async function send(
  client: SynapClient,
  input: CaptureInput,
  options: CaptureOptions,
): Promise<CaptureResponse> {
  const entity: CaptureFileRequest = {
    type: options.type,
    ...(options.title === undefined ? {} : { title: options.title }),
    ...(options.tag.length === 0 ? {} : { tags: options.tag }),
  }
  const { timeZone } = options
  const how = { idempotencyKey: randomUUID(), ...(timeZone === undefined ? {} : { timeZone }) }
  if (input.kind === 'text') return client.capture({ ...entity, content: input.content }, how)
  const { source, name, size = 0 } = input
  const upload = (onProgress: (bytes: number) => void) =>
    client.captureFile(source, entity, {
      ...how,
      onProgress,
      ...(name === undefined ? {} : { name }),
    })
  if (size < barFromBytes) return upload(() => undefined)
  return withBar('MiB', Math.ceil(size / mebibyte), (update) =>
    upload((bytes) => update(Math.ceil(bytes / mebibyte))),
  )
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

/** What it may be called before it can be read again. */
function namesOf(input: CaptureInput, { title }: CaptureOptions): Pick<EntityView, 'title' | 'preview'> {
  if (input.kind === 'text') return { title: title ?? null, preview: clip(input.content, 200) }
  return { title: title ?? input.name ?? null, preview: null }
}

function printOutcome(
  { id }: CaptureResponse,
  outcome: Outcome | undefined,
  sent: Pick<EntityView, 'title' | 'preview'>,
): void {
  const entity = outcome?.status?.complete ? outcome.entity : undefined
  if (process.stdout.isTTY) printTable(['', ''], entity === undefined ? [['id', id]] : itemRows(entity))
  else if (entity !== undefined) note(itemSentence(entity))
  if (entity === undefined) note(`${whyNotYet(outcome)} Look again: ./synap get ${id}`)
  // Words are found before all of enrichment is done.
  const word = searchFor(entity ?? sent)
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
