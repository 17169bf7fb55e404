import type { EntityView, StatusResponse } from '@synap/contracts'
import { type EntityId, isUuid } from '@synap/core'
import type { Command } from 'commander'
import pc from 'picocolors'
import { CommandError } from '../command-error.ts'
import { type ConnectionFlags, connect, findConnection, withConnection } from '../connection.ts'
import { note, printJson, printTable, relativeTime } from '../output.ts'

interface GetOptions extends ConnectionFlags {
  content?: boolean
  json?: boolean
}

/** `synap get ID` */
export function registerGet(program: Command): void {
  const command = program
    .command('get')
    .description('show an item: what it is, and where it is on its way')
    .argument('<id>', 'the id that capture, list or search printed')
    .option('--content', 'print its content and nothing else')
    .option('--json', 'print the item and its status as one JSON document')
    .addHelpText('after', '\nExample:\n  $ ./synap get 019aa0c8-7c1e-7000-8a3e-6d7a4c1b2f90')
  withConnection(command).action(async (text: string, options: GetOptions) => {
    if (!isUuid(text))
      throw new CommandError(`${text} is not an id. ./synap list shows the ids of your items.`, 2)
    const id = text as EntityId
    const client = connect(findConnection(options))
    if (options.content) {
      const { value } = await client.content(id)
      process.stdout.write(value.bytes)
      return
    }
    const status = await client.status(id)
    // The read model may not have it yet; the status does from the moment of the 201.
    const entity = isProjected(status) ? (await client.getEntity(id)).value : undefined
    if (options.json) return printJson({ entity: entity ?? null, status })
    if (entity !== undefined) printEntity(entity)
    else note('It is kept, and not readable yet: see its status.')
    printStatus(status)
  })
}

const isProjected = (status: StatusResponse) =>
  status.stages.some(({ stage, state }) => stage === 'projected' && state === 'done')

function printEntity(entity: EntityView): void {
  console.log(pc.bold(entity.title ?? entity.preview ?? entity.id))
  const by = (field: keyof EntityView['provenance']) => {
    const origin = entity.provenance[field]
    return origin?.by === 'ai'
      ? pc.dim(` (${origin.model ?? 'ai'}, ${Math.round((origin.confidence ?? 0) * 100)} %)`)
      : ''
  }
  const rows = [
    ['type', entity.type + by('type')],
    ...(entity.task ? [['status', entity.task.status + by('status')]] : []),
    ...(entity.task?.due ? [['due', entity.task.due + by('due')]] : []),
    ...(entity.tags.length > 0 ? [['tags', entity.tags.map((tag) => tag.name).join(', ')]] : []),
    ...(entity.summary ? [['summary', entity.summary + by('summary')]] : []),
    ['created', `${relativeTime(entity.createdAt)} ${pc.dim(entity.createdAt)}`],
    ['version', `${entity.version} ${pc.dim(`(sequence ${entity.sequence})`)}`],
  ]
  printTable(['', ''], rows)
}

function printStatus({ stages }: StatusResponse): void {
  const rows = stages.map((stage) => [
    stage.stage,
    stage.state === 'done' ? pc.green('done') : stage.state === 'failed' ? pc.red('failed') : stage.state,
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
}
