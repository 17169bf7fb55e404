import type { SynapClient } from '@synap/client'
import { entityTypes, taskStatuses } from '@synap/contracts'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { itemHeads, itemRow } from '../describe-item.ts'
import { hintAtGet, idsForPeople } from '../ids-for-people.ts'
import { note, printJson, printTable } from '../output.ts'
import { readPages } from '../read-pages.ts'

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
    .option('--json', 'one JSON document per line, an item each')
    .addHelpText('after', '\nExamples:\n  $ ./synap list\n  $ ./synap list --type task --status todo')
  withConnection(command).action(async (flags: ListFlags) => {
    const { items, isMore } = await withSynap(flags, (client) => readItems(client, flags))
    if (flags.json) return items.forEach((item) => printJson(item))
    if (items.length === 0) return note(nothing(flags))
    const ids = idsForPeople(items)
    printTable(
      itemHeads,
      items.map((item) => itemRow(item, ids)),
    )
    hintAtGet(ids)
    if (isMore) note(`There are more: ./synap list --limit ${flags.limit * 2}`)
  })
}

function readItems(client: SynapClient, { type, tag, status, limit }: ListFlags) {
  const filter = { ...(type && { type }), ...(tag && { tag }), ...(status && { status }) }
  return readPages(limit, (page) => client.list({ ...filter, ...page }))
}

const nothing = ({ type, tag, status }: ListFlags): string =>
  type || tag || status
    ? 'Nothing matches. ./synap list shows everything.'
    : 'Nothing here yet. Capture something: ./synap capture "Buy milk tomorrow"'

/** A whole number of at least 1 from the command line. */
export function parseCount(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('It must be a whole number above 0.')
  return count
}
