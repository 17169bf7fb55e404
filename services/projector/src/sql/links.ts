import { type Extracted, type ItemLink, parseItemLink } from '@synap/contracts'
import { type Client, execute } from '@synap/postgres'
import type { BlockRemoval } from '../fold-derived.ts'
import { type Column, toRowSet } from './columns.ts'
import { isRemoved, removalColumns } from './removals.ts'

export async function deleteLinkBlocks(
  client: Client,
  schema: string,
  removals: readonly BlockRemoval[],
): Promise<void> {
  const set = toRowSet(removalColumns, removals)
  await execute(client, {
    name: `${schema}.delete_link_blocks`,
    text: `delete from ${schema}.entity_links as l using ${set.from} where ${isRemoved('l')}`,
    values: set.values,
  })
}

export interface LinkRow {
  block: Extracted
  position: number
  link: ItemLink
}

const linkColumns: readonly Column<LinkRow>[] = [
  ['entity_id', 'uuid', ({ block }) => block.entityId],
  ['content_sha256', 'text', ({ block }) => block.contentHash],
  ['producer', 'text', ({ block }) => block.producer],
  ['block', 'int', ({ block }) => block.block],
  ['position', 'int', ({ position }) => position],
  ['user_id', 'uuid', ({ block }) => block.userId],
  ['kind', 'text', ({ link }) => link.kind],
  ['target', 'text', ({ link }) => link.target],
  ['heading', 'text', ({ link }) => link.heading],
  ['name', 'text', ({ link }) => link.name],
  ['target_id', 'uuid', ({ link }) => link.id],
]

/** The rows of blocks: one for each link that may lead to an item. */
export function linkRowsOf(blocks: readonly Extracted[]): LinkRow[] {
  return blocks.flatMap((block) =>
    block.links.flatMap((text, position) => {
      const link = parseItemLink(text)
      return link === undefined ? [] : [{ block, position, link }]
    }),
  )
}

/** The blocks' old rows are gone already. */
export async function insertLinks(client: Client, schema: string, rows: readonly LinkRow[]): Promise<void> {
  const set = toRowSet(linkColumns, rows)
  const values = linkColumns.map(([name]) => (name === 'name' ? `${schema}.link_name(name)` : name))
  await execute(client, {
    name: `${schema}.insert_links`,
    text: `
      insert into ${schema}.entity_links (${set.names}) select ${values.join(', ')} from ${set.from}
      where target_id is not null or ${schema}.link_name(name) is not null`,
    values: set.values,
  })
}
