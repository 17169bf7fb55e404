import { pipeline } from 'node:stream/promises'
import type { SynapClient } from '@synap/client'
import type { EntityView, ItemWork, StatusResponse } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import { formatDuration } from '@synap/servers'
import type { Command } from 'commander'
import { isProjected } from '../await-item.ts'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { describeValue } from '../describe-event.ts'
import { costSentence } from '../enrich/describe.ts'
import { findAttachment } from '../find-attachment.ts'
import { findItemId } from '../item-id.ts'
import { clip, note, plain, printJson, printTable } from '../output.ts'
import { paint } from '../paint.ts'
import { priorityNames } from '../parse-priority.ts'
import { relativeDue, relativeTime } from '../relative-time.ts'

interface GetOptions extends ConnectionFlags {
  content?: boolean
  attachment?: string
  steps?: boolean
  json?: boolean
}

/** `synap get ID` */
export function registerGet(program: Command): void {
  const command = program
    .command('get')
    .description('show an item: what it is, and where it is on its way')
    .argument('<id>', 'its id, or the beginning that list and search show')
    .option('--content', 'print its content, byte for byte, and nothing else')
    .option('--attachment <name>', 'print an attachment (its name or key), byte for byte')
    .option('--steps', 'also each step of its enrichment: tries, how long the last took, what it cost')
    .option('--json', 'one JSON document: {entity, status}; entity is null as long as it cannot be read')
    .addHelpText(
      'after',
      `
Examples:
  $ ./synap get 019aa0c8-7c1e
  $ ./synap get 019aa0c8-7c1e-7000-8a3e-6d7a4c1b2f90 --content > note.md
  $ ./synap get 019aa0c8-7c1e --steps
  $ ./synap get 019aa0c8-7c1e --attachment receipt.pdf > receipt.pdf`,
    )
  withConnection(command).action(async (text: string, options: GetOptions) => {
    await withSynap(options, async (client) => {
      const id = await findItemId(client, text)
      if (options.attachment !== undefined) return printAttachment(client, id, options.attachment)
      return options.content ? printContent(client, id) : show(client, id, options)
    })
  })
}

async function printContent(client: SynapClient, id: EntityId): Promise<void> {
  const { value } = await client.contentStream(id)
  await pipeline(value.stream, process.stdout, { end: false })
}

async function printAttachment(client: SynapClient, id: EntityId, name: string): Promise<void> {
  const { key } = await findAttachment(client, id, name)
  const { value } = await client.attachmentStream(id, key)
  await pipeline(value.stream, process.stdout, { end: false })
}

async function show(client: SynapClient, id: EntityId, { json, steps }: GetOptions): Promise<void> {
  const status = await client.status(id)
  // The read model may not have it yet; the status does from the moment of the 201.
  const entity = isProjected(status) ? (await client.getEntity(id)).value : undefined
  if (json) return printJson({ entity: entity ?? null, status })
  if (entity !== undefined) printEntity(entity)
  else note('It is kept, and not readable yet: see its status.')
  printStatus(status)
  if (steps === true) printWork(status)
}

type Row = [name: string, value: string | null | undefined, origin: string]

function printEntity(entity: EntityView): void {
  const by = (field: keyof EntityView['provenance']) => {
    const origin = entity.provenance[field]
    return origin?.by === 'ai'
      ? paint.dim(` (${origin.model ?? 'ai'}, ${Math.round((origin.confidence ?? 0) * 100)} %)`)
      : ''
  }
  const due = entity.task?.due
  const tags = entity.tags.map((tag) => tag.name).join(', ')
  const rows: Row[] = [
    ['type', entity.type, by('type')],
    ['status', entity.task?.status, by('status')],
    ['due', due && `${relativeDue(due)}, ${due}`, by('due')],
    ['priority', entity.task?.priority ? priorityNames[entity.task.priority] : null, by('priority')],
    ...particularsOf(entity),
    ['tags', tags, ''],
    ['summary', entity.summary, by('summary')],
    ['people', entity.people.join(', '), by('people')],
    ...entity.attachments.map(({ name, size }): Row => ['attachment', `${name} (${bytesOf(size)})`, '']),
    ...entity.suggestions.map(
      ({ field, value, confidence }): Row => [
        'proposed',
        `${field} ${value}`,
        paint.dim(` (${Math.round(confidence * 100)} %; ./synap accept or reject)`),
      ],
    ),
    ['created', relativeTime(entity.createdAt), paint.dim(` ${entity.createdAt}`)],
    ['version', String(entity.version), paint.dim(` (sequence ${entity.sequence})`)],
  ]
  console.log(paint.bold(clip(entity.title ?? entity.preview ?? entity.id, 200)))
  printTable(
    ['', ''],
    rows.flatMap(([name, value, origin]) => (value ? [[name, clip(value, 1_000) + origin]] : [])),
  )
}

const bytesOf = (size: number): string => `${size.toLocaleString('en')} ${size === 1 ? 'byte' : 'bytes'}`

/** What only items of its type have, whatever that is: `last completed`, `2026-11-21`. */
function particularsOf({ particulars = {} }: EntityView): Row[] {
  return Object.entries(particulars).map(([name, value]) => [
    plain(name).replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
    value === null ? null : describeValue(value),
    '',
  ])
}

const colored = (state: string) =>
  state === 'done' ? paint.green(state) : state === 'failed' ? paint.red(state) : state

function printStatus({ stages, work, cost }: StatusResponse): void {
  const rows = stages.map((stage) => [
    stage.stage,
    colored(stage.state),
    stage.at === null ? '' : relativeTime(stage.at),
    [
      stage.error ?? '',
      stage.attempts > 1 ? `${stage.attempts} attempts` : '',
      stage.nextRetryAt === null ? '' : `again ${relativeTime(stage.nextRetryAt)}`,
    ]
      .filter((part) => part !== '')
      .join(', '),
  ])
  console.log('')
  printTable(['stage', 'state', 'when', ''], rows)
  if (cost !== null && cost.calls > 0) console.log(`\nModels: ${costSentence(cost)}`)
  if (work !== null && work.retries > 0) console.log(retriesSentence(work))
}

function retriesSentence({ retries, retriedBy }: ItemWork): string {
  const times = retries === 1 ? 'once' : `${retries} times`
  const by = retriedBy === null ? '' : `, last by ${retriedBy.user}`
  const key = retriedBy === null || retriedBy.key === null ? '' : ` (key ${retriedBy.key})`
  return `Another try was asked for ${times}${by}${key}.`
}

const tookText = (ms: number | null) => (ms === null ? '' : ms < 1_000 ? `${ms} ms` : formatDuration(ms))

function printWork({ work }: StatusResponse): void {
  if (work === null) return note('Nothing is known of its steps now.')
  console.log('')
  printTable(
    ['step', 'state', 'tries', 'took', 'cost', ''],
    work.steps.map((step) => [
      step.step,
      colored(step.state),
      step.attempts === 0 ? '' : String(step.attempts),
      tookText(step.durationMs),
      step.cost.calls === 0 ? '' : costSentence(step.cost),
      step.error === null ? '' : plain(step.error),
    ]),
  )
}
