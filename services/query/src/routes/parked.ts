import {
  type ParkedActionResponse,
  parkedActionResponse,
  parkedDiscardRequest,
  parkedEventList,
  parkedEventsQuery,
  parkedList,
  parkedParams,
  parkedQuery,
  parkedRetryRequest,
} from '@synap/contracts'
import { isUuid } from '@synap/core'
import { type App, principalOf, problem, requires } from '@synap/http'
import type { Pool } from '@synap/postgres'
import type { FastifyRequest } from 'fastify'
import { createKeyCursorCodec } from '../cursor.ts'
import { pageOf, positionOf } from '../page.ts'
import { createParkedStores, type FoundGroup, type ParkedStores } from '../parked/parked-stores.ts'
import { toGroupView, toParkedView } from '../parked/parked-view.ts'
import { findParkedEvents, type Mark, markParkedGroup } from '../sql/parked.ts'

const defaultLimit = 20
/** Rows of one transaction: their users wait meanwhile. */
const markedAtOnce = 500
const config = requires('operate')

/** `/v1/parked`: what consumers could not apply, for operators. The rows are their owners', who act on what is marked. */
export function registerParked(app: App, { pool, cursorSecret }: { pool: Pool; cursorSecret: string }): void {
  const stores = createParkedStores(pool)
  registerLists(app, stores, cursorSecret)
  registerActions(app, stores)
}

function registerLists(app: App, stores: ParkedStores, cursorSecret: string): void {
  const list = {
    summary: 'What could not be applied, by cause',
    querystring: parkedQuery,
    response: { 200: parkedList },
  }
  app.get('/v1/parked', { schema: list, config }, async (request) => {
    const { state, consumer } = request.query
    const { groups, unknown } = await stores.groups(request, state === 'closed', consumer)
    const items = groups.map(toGroupView).sort((a, b) => a.oldestAt.localeCompare(b.oldestAt))
    return { items, unknown }
  })

  const codec = createKeyCursorCodec<readonly [number]>(cursorSecret, 'parked')
  const events = {
    summary: 'What is parked for one cause, without content, and what was tried',
    params: parkedParams,
    querystring: parkedEventsQuery,
    response: { 200: parkedEventList },
  }
  app.get('/v1/parked/:group([^:/]+)/events', { schema: events, config }, async (request, reply) => {
    const { group: id } = request.params
    const { state = 'open', limit = defaultLimit, cursor } = request.query
    const { userId } = principalOf(request).credential
    const place = { codec, userId, filter: JSON.stringify({ id, state }) }
    const [after = 0] = positionOf(place, cursor) ?? []
    const closed = state === 'closed'
    const group = await findGroup(stores, request, id, closed)
    if (group === undefined) return { items: [], next: null }
    const page = { closed, after, limit: limit + 1 }
    const rows = await stores.run(
      request,
      (client) => findParkedEvents(client, group.schema, group.row, page),
      true,
    )
    const path = `/v1/parked/${id}/events`
    const { items, next } = pageOf(place, rows, limit, (last) => [last.id] as const, {
      reply,
      path,
      query: request.query,
    })
    return { items: items.map(toParkedView), next }
  })
}

/** A group by its id; undefined where nothing is in it now. */
async function findGroup(
  stores: ParkedStores,
  request: FastifyRequest,
  id: string,
  closed: boolean,
): Promise<FoundGroup | undefined> {
  const { groups, unknown } = await stores.groups(request, closed)
  const group = groups.find((each) => each.id === id)
  if (group !== undefined || unknown.length === 0) return group
  throw problem('unavailable', {
    retryAfter: 5,
    detail: `Not every consumer can be asked now: ${unknown.join(', ')}.`,
  })
}

function registerActions(app: App, stores: ParkedStores): void {
  const response = { 200: parkedActionResponse }
  const retry = {
    summary: 'Try again what is parked for one cause, and what waits behind it',
    params: parkedParams,
    body: parkedRetryRequest.nullish(),
    response,
  }
  app.post('/v1/parked/:group([^:/]+)::retry', { schema: retry, config }, (request) => {
    const { dryRun = false, upTo } = request.body ?? {}
    return act(stores, request, request.params.group, { action: 'retry', dryRun, upTo, why: null })
  })
  const discard = {
    summary: 'Give up what is parked for one cause; what waits behind it goes on without it',
    params: parkedParams,
    body: parkedDiscardRequest,
    response,
  }
  app.post('/v1/parked/:group([^:/]+)::discard', { schema: discard, config }, (request) => {
    const { dryRun = false, upTo, reason } = request.body
    return act(stores, request, request.params.group, { action: 'discard', dryRun, upTo, why: reason })
  })
}

interface Asked {
  action: Mark['action']
  dryRun: boolean
  upTo: number | undefined
  why: string | null
}

/** Doing it twice is as good as once: what is marked or closed already is not marked again. */
async function act(
  stores: ParkedStores,
  request: FastifyRequest,
  id: string,
  { action, dryRun, upTo, why }: Asked,
): Promise<ParkedActionResponse> {
  const group = await findGroup(stores, request, id, false)
  if (group === undefined) return { group: id, dryRun, events: 0, waiting: 0, ifDiscarded: null }
  const { row, consumer } = group
  if (action === 'retry' && row.triable === 0)
    throw problem('refused', { detail: 'What has no place cannot be applied: it can only be discarded.' })
  const { ifDiscarded } = toGroupView(group)
  const answer = {
    group: id,
    dryRun,
    waiting: row.waiting,
    ifDiscarded: action === 'discard' ? ifDiscarded : null,
  }
  if (dryRun) return { ...answer, events: action === 'retry' ? row.triable : row.events }
  const { userId: byUser, keyId } = principalOf(request).credential
  const byKey = isUuid(keyId) ? keyId : null
  const events = await markAll(stores, request, group, {
    action,
    upTo: Math.min(upTo ?? row.last_id, row.last_id),
    byUser,
    byKey,
    why,
  })
  const { reason, cause } = row
  request.log.info(
    { group: id, consumer, reason, cause, action, events, byUser, byKey },
    'parked group marked',
  )
  return { ...answer, events }
}

async function markAll(
  stores: ParkedStores,
  request: FastifyRequest,
  { schema, row }: FoundGroup,
  mark: Mark,
): Promise<number> {
  let events = 0
  for (let after: number | null = 0; after !== null; ) {
    const page: { after: number; limit: number } = { after, limit: markedAtOnce }
    const { marked, last_id } = await stores.run(
      request,
      (client) => markParkedGroup(client, schema, row, mark, page),
      false,
    )
    events += marked
    after = last_id
  }
  return events
}
