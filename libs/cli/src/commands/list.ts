import type { ListOptions, SynapClient } from '@synap/client'
import { type ListOrder, listOrders, type RelationType, relationTypes } from '@synap/contracts'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { itemHeads, itemRow } from '../describe-item.ts'
import { hintAtGet, idsForPeople } from '../ids-for-people.ts'
import { type FilterFlags, filterOf, isFiltered, withFilter } from '../item-filter.ts'
import { findItemId } from '../item-id.ts'
import { note, printJson, printTable } from '../output.ts'
import { parseCount } from '../parse-count.ts'
import { parseMoment } from '../parse-moment.ts'
import { readPages } from '../read-pages.ts'

interface ListFlags extends ConnectionFlags, FilterFlags {
  words?: string
  relatedTo?: string
  relation?: RelationType
  asOf?: number | string
  sort?: ListOrder
  limit: number
  json?: boolean
}

/** `synap list` */
export function registerList(program: Command): void {
  const command = program.command('list').description('list items, newest first')
  withFilter(command)
    .option('--words <words>', 'only items that have these words in title, tags or text')
    .option('--related-to <id>', 'only items that are linked with this one')
    .addOption(new Option('--relation <type>', 'linked so; with --related-to').choices([...relationTypes]))
    .option('--as-of <when>', 'as it was then: 3d, 2026-11-21, or a sequence', parseAsOf)
    .addOption(
      new Option('--sort <order>', 'by this; a minus for the other way round').choices([...listOrders]),
    )
    .option('-n, --limit <count>', 'how many at most', parseCount, 20)
    .option('--json', 'one JSON document per line, an item each')
    .addHelpText(
      'after',
      `
Filters narrow each other. Days are those of this machine.

Examples:
  $ ./synap list
  $ ./synap list --type task --status todo --due week
  $ ./synap list --tag home --tag garden --updated-after 3d --sort=-updated
  $ ./synap list --related-to 019aa0c8-7c1e --relation blocks
  $ ./synap list --as-of yesterday`,
    )
  withConnection(command).action(async (flags: ListFlags) => {
    if (flags.relation !== undefined && flags.relatedTo === undefined)
      command.error('error: --relation says how items are linked with --related-to ID')
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

async function readItems(client: SynapClient, flags: ListFlags) {
  const { words, relatedTo, relation, asOf, sort, limit } = flags
  const filter: ListOptions = {
    ...filterOf(flags),
    ...(words && { q: words }),
    ...(relatedTo && { relatedTo: await findItemId(client, relatedTo) }),
    ...(relation && { relation }),
    ...(asOf !== undefined && { asOf }),
    ...(sort && { sort }),
  }
  return readPages(limit, (page) => client.list({ ...filter, ...page }))
}

const nothing = (flags: ListFlags): string =>
  isFiltered(flags) || flags.words || flags.relatedTo || flags.asOf !== undefined
    ? 'Nothing matches. ./synap list shows everything.'
    : 'Nothing here yet. Capture something: ./synap capture "Buy milk tomorrow"'

function parseAsOf(text: string): number | string {
  if (!/^\d+$/.test(text)) return parseMoment(text)
  const sequence = Number(text)
  if (Number.isSafeInteger(sequence)) return sequence
  throw new InvalidArgumentError('There is no such sequence.')
}
