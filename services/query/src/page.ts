import { httpHeaders } from '@synap/contracts'
import type { UserId } from '@synap/core'
import { problem } from '@synap/http'
import type { FastifyReply } from 'fastify'
import type { CursorCodec } from './cursor.ts'

/** A list that is given out in pages: the same one when path, user and filter are the same. */
export interface PagedList<Position> {
  codec: CursorCodec<Position>
  userId: UserId
  /** Everything that decides what is in the list and in which order. */
  filter: string
}

/** The position that a cursor names; undefined without one. A cursor of another list is refused. */
export function positionOf<Position>(
  { codec, userId, filter }: PagedList<Position>,
  cursor: string | undefined,
): Position | undefined {
  if (cursor === undefined) return undefined
  const position = codec.parse(userId, filter, cursor)
  if (position !== undefined) return position
  const message = 'is not a cursor of this list'
  throw problem('validation', { errors: [{ path: 'query.cursor', message }] })
}

export interface Page<Row> {
  items: Row[]
  next: string | null
}

/**
 * The page of at most `limit` of `rows`, of which one more than that was read when there are more; tells the next page
 * in the header `Link`.
 */
export function pageOf<Row, Position>(
  list: PagedList<Position>,
  rows: readonly Row[],
  limit: number,
  place: (last: Row) => Position,
  link: { reply: FastifyReply; path: string; query: object },
): Page<Row> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  if (rows.length <= limit || last === undefined) return { items, next: null }
  const next = list.codec.sign(list.userId, list.filter, place(last))
  link.reply.header(httpHeaders.link, `<${nextPath(link.path, link.query, next)}>; rel="next"`)
  return { items, next }
}

/** What a reader waits for is reached by then, and is left out. */
const onlyOnce = new Set(['min_sequence', 'wait', 'stale', 'cursor'])

function nextPath(path: string, query: object, next: string): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && !onlyOnce.has(name))
      for (const one of [value].flat()) parameters.append(name, String(one))
  parameters.set('cursor', next)
  return `${path}?${parameters.toString()}`
}
