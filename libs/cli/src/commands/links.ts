import type { SynapClient } from '@synap/client'
import { type LinkedItem, type LinkView, type RelationType, relationTypes } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import { type Command, Option } from 'commander'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { hintAtGet, idsForPeople } from '../ids-for-people.ts'
import { findItemId } from '../item-id.ts'
import { type Cell, clip, note, plain, printJson, printTable } from '../output.ts'
import { paint } from '../paint.ts'
import { parseCount } from '../parse-count.ts'
import { readPages } from '../read-pages.ts'

interface LinksFlags extends ConnectionFlags {
  type?: RelationType
  limit: number
  json?: boolean
}

/** The most that one answer of the API may hold, without the item itself. */
const most = 499

/** `synap links ID` */
export function registerLinks(program: Command): void {
  const command = program
    .command('links')
    .description('list what an item is connected with')
    .argument('<id>', 'its id, or the beginning that lists show')
    .addOption(
      new Option('-t, --type <type>', 'only links of this type that were made').choices([...relationTypes]),
    )
    .option('-n, --limit <count>', `how many of each kind at most, of items up to ${most}`, parseCount, 100)
    .option(
      '--json',
      'one JSON document per line: {origin: "relation", id, type, direction, item} or {origin: "derived", kind, direction, target, heading, resolution, items}',
    )
    .addHelpText(
      'after',
      `
→ leads from the item to another, ← from another to the item. Those marked
(derived) were not made by anyone: they stand in a text, as [[Title]] or
[words](file.md), and lead to what is called so now.

Examples:
  $ ./synap links 019aa0c8-7c1e
  $ ./synap links 019aa0c8-7c1e --type blocks --json`,
    )
  withConnection(command).action(async (text: string, flags: LinksFlags) => {
    const { links, isMore } = await withSynap(flags, async (client) => {
      const id = await findItemId(client, text)
      const made = await findMade(client, id, flags)
      if (flags.type !== undefined) return made
      const [out, back] = [
        await findWritten(client, id, 'out', flags),
        await findWritten(client, id, 'in', flags),
      ]
      return {
        links: [...made.links, ...out.links, ...back.links],
        isMore: made.isMore || out.isMore || back.isMore,
      }
    })
    if (flags.json) links.forEach((link) => printJson(link))
    else if (links.length === 0) note('Nothing. Connect it: ./synap link SOURCE TARGET')
    else printLinks(links)
    if (isMore) note(`There are more: ./synap links ${text} --limit ${flags.limit * 2}`)
  })
}

type Direction = 'out' | 'in'

interface MadeLink {
  origin: 'relation'
  id: string
  type: RelationType
  direction: Direction
  item: LinkedItem
}
type WrittenLink = LinkView & { direction: Direction }
type Link = MadeLink | WrittenLink

interface Found {
  links: Link[]
  isMore: boolean
}

/** Relations that begin or end at the item, with what is at the other end. */
async function findMade(client: SynapClient, asked: EntityId, flags: LinksFlags): Promise<Found> {
  const limit = Math.min(flags.limit, most) + 1
  const { value } = await client.graph(asked, { limit, ...(flags.type && { type: flags.type }) })
  const items = new Map(value.nodes.map(({ id, type, title, preview }) => [id, { id, type, title, preview }]))
  const links = value.edges.flatMap((edge): MadeLink[] => {
    const direction = edge.source === asked ? 'out' : 'in'
    if (direction === 'in' && edge.target !== asked) return []
    const item = items.get(direction === 'out' ? edge.target : edge.source)
    return item === undefined ? [] : [{ origin: 'relation', id: edge.id, type: edge.type, direction, item }]
  })
  return { links, isMore: value.truncated }
}

/** Links of one direction that stand in texts. */
async function findWritten(
  client: SynapClient,
  id: EntityId,
  direction: Direction,
  { limit }: LinksFlags,
): Promise<Found> {
  const { items, isMore } = await readPages(limit, (page) => client.links(id, { direction, ...page }))
  return { links: items.map((link) => ({ ...link, direction })), isMore }
}

function printLinks(links: readonly Link[]): void {
  const ids = idsForPeople(links.flatMap((link) => (link.origin === 'relation' ? [link.item] : link.items)))
  printTable(
    ['link', 'id', 'type', 'title'],
    links.flatMap((link) => rowsOf(link, ids)),
  )
  hintAtGet(ids)
}

function rowsOf(link: Link, ids: ReadonlyMap<string, string> | undefined): Cell[][] {
  const arrow = link.direction === 'out' ? '→' : '←'
  const about = (item: LinkedItem, more = ''): Cell[] => [
    ids?.get(item.id) ?? item.id,
    item.type,
    (room) => clip(item.title ?? item.preview ?? '', Math.max(1, Math.min(room, 70) - more.length)) + more,
  ]
  if (link.origin === 'relation') return [[`${arrow} ${link.type.replace('_', ' ')}`, ...about(link.item)]]
  const written = `${arrow} ${clip(writtenAs(link), 40)} ${paint.dim('(derived)')}`
  if (link.items.length === 0) return [[written, '', '', paint.dim('nothing is called so yet')]]
  const count = link.items.length
  const more =
    link.resolution !== 'ambiguous' ? '' : count > 1 ? ` (one of ${count})` : ' (or another called so)'
  return link.items.map((item) => [written, ...about(item, more)])
}

/** As it stands in the text, or nearly so. */
function writtenAs({ kind, target, heading }: WrittenLink): string {
  const whole = plain(heading === null ? target : `${target}#${heading}`)
  if (kind === 'markdown') return `(${whole})`
  return `${kind === 'embed' ? '!' : ''}[[${whole}]]`
}
