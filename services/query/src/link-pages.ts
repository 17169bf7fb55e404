import type { LinkList, LinkView } from '@synap/contracts'
import type { EntityId, UserId } from '@synap/core'
import type { Client } from '@synap/postgres'
import { createKeyCursorCodec } from './cursor.ts'
import type { PagedList } from './page.ts'
import {
  type LinkPlace,
  type LinkRow,
  listBacklinks,
  listLinks,
  resolutionOf,
  shownItems,
} from './sql/find-links.ts'

export type LinkDirection = 'in' | 'out'
export type LinkKey = readonly [entityId: string, block: number, position: number]

/** The list of an entity's links, one way or the other: the same pages wherever they are begun. */
export interface LinkPages {
  of(userId: UserId, id: EntityId, direction: LinkDirection): PagedList<LinkKey>
}

export function createLinkPages(cursorSecret: string): LinkPages {
  const codec = createKeyCursorCodec<LinkKey>(cursorSecret, 'links')
  return { of: (userId, id, direction) => ({ codec, userId, filter: `links ${id} ${direction}` }) }
}

/** One more row than `limit` when there are more. */
export function readLinks(
  client: Client,
  schema: string,
  id: EntityId,
  { direction, after, limit }: { direction: LinkDirection; after?: LinkKey | undefined; limit: number },
): Promise<LinkRow[]> {
  const page = { after: after && toPlace(after), limit: limit + 1 }
  return direction === 'out' ? listLinks(client, schema, id, page) : listBacklinks(client, schema, id, page)
}

const toPlace = ([entityId, block, position]: LinkKey): LinkPlace => ({ entityId, block, position })

export const keyOf = (row: LinkRow): LinkKey => [row.entity_id, row.block, row.position]

export function toLinkView(row: LinkRow): LinkView {
  const { kind, target, heading } = row
  return {
    origin: 'derived',
    kind,
    target,
    heading,
    resolution: resolutionOf(row),
    items: shownItems(row),
  } as LinkView
}

/** The beginning of the list, for an answer that shows more than it. */
export function firstLinks(list: PagedList<LinkKey>, rows: readonly LinkRow[], limit: number): LinkList {
  const last = rows[limit - 1]
  const isMore = rows.length > limit && last !== undefined
  return {
    items: rows.slice(0, limit).map(toLinkView),
    next: isMore ? list.codec.sign(list.userId, list.filter, keyOf(last)) : null,
  }
}
