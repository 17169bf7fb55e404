import { type AsOf, type EntityView, httpHeaders } from '@synap/contracts'
import { type AggregateId, type EntityId, type UserId } from '@synap/core'
import type { EntityState } from '@synap/domain'
import { findEvents, findSequenceAt, replay } from '@synap/event-log'
import { principalOf, problem } from '@synap/http'
import type { Client } from '@synap/postgres'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerRead } from './answer-read.ts'
import type { FreshnessParameters } from './freshness.ts'
import { findPastMerges, type PastTags } from './past-tags.ts'
import { toPastView } from './past-view.ts'
import type { ReadModel, Snapshot } from './read-model.ts'
import { refuseParked } from './refuse-parked.ts'

/**
 * Serves a read of the past from the log. `moment` is the sequence that the answer is true for: the one that was asked
 * for, once the log has it, or the highest one at the instant. Throws `validation` for an instant that is still to come.
 */
export function answerPast<T>(
  eventLog: ReadModel,
  request: FastifyRequest,
  reply: FastifyReply,
  asOf: AsOf,
  work: (snapshot: Snapshot, moment: number) => Promise<T>,
): Promise<T> {
  const instant = typeof asOf === 'string' ? Date.parse(asOf) : undefined
  if (instant !== undefined && instant > Date.now()) {
    throw problem('validation', { errors: [{ path: 'query.as_of', message: 'must not lie in the future' }] })
  }
  const minSequence = typeof asOf === 'number' ? asOf : 0
  return answerRead(
    eventLog,
    request,
    reply,
    async (snapshot) => {
      const moment = instant === undefined ? minSequence : await findSequenceAt(snapshot.client, instant)
      // Where it may be stale, the log may end before the moment.
      reply.header(httpHeaders.sequence, String(Math.min(moment, snapshot.position.seen)))
      return work(snapshot, moment)
    },
    { minSequence },
  )
}

/**
 * An entity as it was; undefined when it was not there, was deleted then, or was purged since. Throws the problem
 * `parked` when the log lacks an event of it.
 */
export async function findPast(
  { client, position }: Snapshot,
  request: FastifyRequest,
  id: EntityId,
  moment: number,
): Promise<{ state: EntityState; view: EntityView } | undefined> {
  // Of a gap the fold would tell, but not of a last event that is missing.
  if ((request.query as FreshnessParameters).stale !== 'allow') refuseParked(position, id, moment)
  const state = await stateAt(client, id, moment)
  if (state === 'unknown') throw problem('parked', { retryAfter: 60 })
  if (state === undefined) return undefined
  const tags = await tagsAt(client, principalOf(request).userId, moment)
  return { state, view: toPastView(state, tags) }
}

export interface PastPage {
  moment: number
  /** Goes on with what was created before this sequence. */
  below: number | undefined
  limit: number
  readonly isWanted: (view: EntityView) => boolean
}

export interface PastItem {
  view: EntityView
  createdSequence: number
}

const candidates = 100
/** Folded at a time: their questions travel together. */
const together = 20

/**
 * Entities as they were, newest first: those that were made by then are folded, some at a time. One of which the
 * log lacks an event is left out; the answer names what is parked.
 */
export async function listPast(
  { client }: Snapshot,
  request: FastifyRequest,
  { moment, below, limit, isWanted }: PastPage,
): Promise<PastItem[]> {
  const tags = await tagsAt(client, principalOf(request).userId, moment)
  const items: PastItem[] = []
  for (let before = Math.min(below ?? Number.MAX_SAFE_INTEGER, moment + 1); ; ) {
    const page = { order: 'newest', below: before, limit: candidates } as const
    const made = await findEvents(client, { types: ['entity.created'] }, page)
    for (let at = 0; at < made.length; at += together) {
      const some = made.slice(at, at + together)
      const states = await Promise.all(some.map(({ aggregateId }) => stateAt(client, aggregateId, moment)))
      for (const [index, { sequence }] of some.entries()) {
        const state = states[index]
        if (state === undefined || state === 'unknown') continue
        const view = toPastView(state, tags)
        if (!isWanted(view)) continue
        items.push({ view, createdSequence: sequence })
        if (items.length === limit) return items
      }
    }
    if (made.length < candidates) return items
    before = made.at(-1)?.sequence ?? 0
  }
}

async function stateAt(
  client: Client,
  id: AggregateId,
  moment: number,
): Promise<EntityState | 'unknown' | undefined> {
  const replayed = await replay(client, id, { upToSequence: moment })
  if (replayed.outcome === 'missing') return undefined
  if (replayed.outcome !== 'state') return 'unknown'
  const { state } = replayed
  if (state.aggregate !== 'entity' || state.deleted || state.purged) return undefined
  const purged = await findEvents(
    client,
    { aggregateId: id, types: ['entity.purged'] },
    { order: 'newest', limit: 1 },
  )
  return purged.length > 0 ? undefined : state
}

async function tagsAt(client: Client, userId: UserId, moment: number): Promise<PastTags> {
  const replayed = await replay(client, userId, { upToSequence: moment })
  const user =
    replayed.outcome === 'state' && replayed.state.aggregate === 'user' ? replayed.state : undefined
  return { user, merges: await findPastMerges(client, userId, user, moment) }
}
