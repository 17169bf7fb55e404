import { pipeline } from 'node:stream/promises'
import type { SynapClient } from '@synap/client'
import type { EntityView, StatusResponse } from '@synap/contracts'
import type { EntityId } from '@synap/core'
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
    .option('--json', 'one JSON document: {entity, status}; entity is null as long as it cannot be read')
    .addHelpText(
      'after',
      `
Examples:
  $ ./synap get 019aa0c8-7c1e
  $ ./synap get 019aa0c8-7c1e-7000-8a3e-6d7a4c1b2f90 --content > note.md
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

async function show(client: SynapClient, id: EntityId, { json }: GetOptions): Promise<void> {
  const status = await client.status(id)
  // The read model may not have it yet; the status does from the moment of the 201.
  const entity = isProjected(status) ? (await client.getEntity(id)).value : undefined
  if (json) return printJson({ entity: entity ?? null, status })
  if (entity !== undefined) printEntity(entity)
  else note('It is kept, and not readable yet: see its status.')
  printStatus(status)
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

function printStatus({ stages, cost }: StatusResponse): void {
  const rows = stages.map((stage) => [
    stage.stage,
    stage.state === 'done'
      ? paint.green('done')
      : stage.state === 'failed'
        ? paint.red('failed')
        : stage.state,
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
}
