import { topics } from '@synap/contracts'
import { SynapError, type UserId } from '@synap/core'
import { transaction } from '@synap/postgres'
import { type Admitted, admit } from './admit.ts'
import type { Commit } from './commit.ts'
import type { Meters } from './meters.ts'
import type { Report } from './report.ts'
import { endSpans } from './spans.ts'
import { findUserPositions } from './sql/user-positions.ts'
import type { FetchedEvent, InboxOptions } from './types.ts'

export interface RepairContext {
  signal: AbortSignal | undefined
  heartbeat: () => Promise<void>
}

export interface Repair {
  /** Fetches and applies what a user lacks up to a sequence, page by page; no client is held while ingest is asked. */
  upTo: (userId: UserId, sequence: number, context: RepairContext) => Promise<void>
  /** Asks for one sequence at or below `seen` and puts what comes into its open slot; true when it did. */
  fill: (userId: UserId, sequence: number, context: RepairContext) => Promise<boolean>
  /** Whether ingest knows a sequence of a user. */
  knows: (userId: UserId, sequence: number, context: RepairContext) => Promise<boolean>
}

export function createRepair<E>(
  options: InboxOptions<E>,
  deps: { commit: Commit<E>; report: Report; meters: Meters },
): Repair {
  const { pool, role, schema, logger } = options
  const page = options.repairPage ?? 500

  const fetch = async (userId: UserId, from: number, to: number, signal: AbortSignal | undefined) => {
    const events = await options.fetchEvents(userId, from, to, signal)
    const inOrder = events.every((event, index) => event.sequence === from + index)
    if (events.length === 0 || !inOrder || events.length > to - from + 1) throw badAnswer(userId, from, to)
    return events
  }

  const take = async (userId: UserId, events: readonly FetchedEvent[], signal: AbortSignal | undefined) => {
    const items: Admitted<E>[] = []
    for (const event of events) items.push(await admitFetched(options, userId, event, signal))
    try {
      const result = await deps.commit.fetched(items, signal)
      if (result.outcome !== 'settled') return undefined
      deps.report.settled({ ...result, applied: result.applied.length }, { fetched: true })
      await options.onApplied?.(result.applied)
      return result
    } finally {
      endSpans(items.flatMap((item) => (item.kind === 'absent' ? [] : [item])))
    }
  }

  return {
    async upTo(userId, sequence, { signal, heartbeat }) {
      for (;;) {
        const seen = await transaction(pool, { role }, (client) =>
          findUserPositions(client, schema, [userId]),
        )
        const next = (seen.get(userId) ?? 0) + 1
        if (next > sequence) return
        const events = await fetch(userId, next, Math.min(sequence, next + page - 1), signal)
        const result = await take(userId, events, signal)
        deps.meters.event('fetched', result?.applied.length ?? 0)
        logger.warn({ userId, from: next, count: events.length }, 'gap repaired from ingest')
        await heartbeat()
      }
    },
    async fill(userId, sequence, { signal }) {
      const [event] = await fetch(userId, sequence, sequence, signal)
      if (event === undefined || event.status === 'absent') return false
      const result = await take(userId, [event], signal)
      return result?.filled.has(userId) === true
    },
    async knows(userId, sequence, { signal }) {
      const [event] = await fetch(userId, sequence, sequence, signal)
      return event?.status === 'present'
    },
  }
}

/** What ingest sends must be the event that was asked for; else its answer is no answer. */
async function admitFetched<E>(
  options: InboxOptions<E>,
  userId: UserId,
  event: FetchedEvent,
  signal: AbortSignal | undefined,
): Promise<Admitted<E>> {
  const { sequence } = event
  if (event.status === 'absent') return { kind: 'absent', userId, sequence }
  const source = { key: event.key, value: event.value, headers: event.headers, record: null }
  const item = await admit(options, topics.events.name, source, { undecoded: false, signal })
  const placement = item.kind === 'placed' ? item.arrival.placement : undefined
  if (placement?.userId !== userId || placement.sequence !== sequence)
    throw badAnswer(userId, sequence, sequence)
  return item
}

function badAnswer(userId: UserId, from: number, to: number): SynapError {
  return new SynapError('ingest answered something else than the events it was asked for', {
    code: 'inbox.bad_answer',
    class: 'dependency',
    fields: { userId, from, to },
  })
}
