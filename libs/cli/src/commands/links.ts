import { type Graph, type RelationType, relationTypes } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import { type Command, Option } from 'commander'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { hintAtGet, idsForPeople } from '../ids-for-people.ts'
import { findItemId } from '../item-id.ts'
import { clip, note, printJson, printTable } from '../output.ts'
import { parseCount } from './list.ts'

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
    .addOption(new Option('-t, --type <type>', 'only links of this type').choices([...relationTypes]))
    .option('-n, --limit <count>', `how many items at most, up to ${most}`, parseCount, 100)
    .option('--json', 'one JSON document per line: {id, type, direction, item}')
    .addHelpText(
      'after',
      `
→ leads from the item to another, ← from another to the item.

Examples:
  $ ./synap links 019aa0c8-7c1e
  $ ./synap links 019aa0c8-7c1e --type blocks --json`,
    )
  withConnection(command).action(async (text: string, flags: LinksFlags) => {
    const { links, truncated } = await withSynap(flags, async (client) => {
      const id = await findItemId(client, text)
      const limit = Math.min(flags.limit, most) + 1
      const { value } = await client.graph(id, { limit, ...(flags.type && { type: flags.type }) })
      return { links: linksOf(id, value), truncated: value.truncated }
    })
    if (flags.json) links.forEach((link) => printJson(link))
    else if (links.length === 0) note('Nothing. Connect it: ./synap link SOURCE TARGET')
    else printLinks(links)
    if (truncated) note(`There are more: ./synap links ${text} --limit ${flags.limit * 2}`)
  })
}

interface Link {
  id: string
  type: RelationType
  direction: 'out' | 'in'
  item: Omit<Graph['nodes'][number], 'distance'>
}

/** Those that begin or end at the item, with what is at the other end. */
function linksOf(asked: EntityId, { nodes, edges }: Graph): Link[] {
  const items = new Map(nodes.map(({ id, type, title, preview }) => [id, { id, type, title, preview }]))
  return edges.flatMap((edge): Link[] => {
    const direction = edge.source === asked ? 'out' : 'in'
    if (direction === 'in' && edge.target !== asked) return []
    const item = items.get(direction === 'out' ? edge.target : edge.source)
    return item === undefined ? [] : [{ id: edge.id, type: edge.type, direction, item }]
  })
}

function printLinks(links: readonly Link[]): void {
  const ids = idsForPeople(links.map(({ item }) => item))
  printTable(
    ['link', 'id', 'type', 'title'],
    links.map(({ type, direction, item }) => [
      `${direction === 'out' ? '→' : '←'} ${type.replace('_', ' ')}`,
      ids?.get(item.id) ?? item.id,
      item.type,
      (room) => clip(item.title ?? item.preview ?? '', Math.min(room, 70)),
    ]),
  )
  hintAtGet(ids)
}
