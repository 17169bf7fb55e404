import { type EntityView, entityTypes, taskStatuses } from '@synap/contracts'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type ConnectionFlags, connect, findConnection, withConnection } from '../connection.ts'
import { clip, note, printJson, printTable, relativeTime } from '../output.ts'

interface ListFlags extends ConnectionFlags {
  type?: string
  tag?: string
  status?: string
  limit: number
  json?: boolean
}

/** `synap list` */
export function registerList(program: Command): void {
  const command = program
    .command('list')
    .description('list items, newest first')
    .addOption(new Option('-t, --type <type>', 'only items of this type').choices([...entityTypes]))
    .option('--tag <name>', 'only items with this tag')
    .addOption(new Option('--status <status>', 'only tasks in this status').choices([...taskStatuses]))
    .option('-n, --limit <count>', 'how many at most', parseCount, 20)
    .option('--json', 'one JSON document per line')
    .addHelpText('after', '\nExample:\n  $ ./synap list --type task --status todo')
  withConnection(command).action(async (flags: ListFlags) => {
    const { type, tag, status, limit } = flags
    const filter = { ...(type && { type }), ...(tag && { tag }), ...(status && { status }) }
    const client = connect(findConnection(flags))
    const items: EntityView[] = []
    let cursor: string | null | undefined
    do {
      const page = { limit: Math.min(200, limit - items.length), ...(cursor ? { cursor } : {}) }
      const { value } = await client.list({ ...filter, ...page })
      items.push(...value.items)
      cursor = value.next
    } while (cursor !== null && items.length < limit)
    if (flags.json) return items.forEach(printJson)
    if (items.length === 0)
      return note('Nothing here yet. Capture something: ./synap capture "Buy milk tomorrow"')
    printTable(['id', 'type', 'created', 'title'], items.map(entityRow))
    if (cursor !== null) note(`There are more: ./synap list --limit ${limit * 2}`)
  })
}

/** The columns that list and search show of an item. */
export function entityRow(entity: EntityView): string[] {
  const due = entity.task?.due ? ` (due ${entity.task.due})` : ''
  const title = clip(entity.title ?? entity.preview ?? '', 70)
  return [entity.id, entity.type, relativeTime(entity.createdAt), title + due]
}

/** A whole number of at least 1 from the command line. */
export function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('It must be a whole number above 0.')
  return count
}
