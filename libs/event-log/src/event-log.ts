import type { UserId } from '@synap/core'
import { type Client, type Pool, transaction } from '@synap/postgres'
import { logPlans } from './log-plans.ts'
import type { LoggedEvent } from './logged-event.ts'
import { type EventFilter, type EventPage, findEvents } from './sql/find-events.ts'
import { findUsersBehind, type LoggedUser } from './sql/find-positions.ts'

export interface EventLogOptions {
  pool: Pool
  /** One that the log publishes its questions to: synap_query, synap_ingest, synap_projector, synap_operator. */
  role: string
}

export interface WalkOptions {
  order?: 'oldest' | 'newest'
  /** Goes on behind this sequence, in the order that is walked in. */
  after?: number
  /** Events per transaction; 500 by default. */
  pageLength?: number
  signal?: AbortSignal
}

/** The event log for the part of the program that has no transaction of its own yet. Needs no closing. */
export interface EventLog {
  /** Asks questions (`findEvents`, `replay`, …) about one user, all of them in one snapshot of the log. */
  ask<T>(userId: UserId, work: (client: Client) => Promise<T>, signal?: AbortSignal): Promise<T>
  /** All events that fit, in pages; holds no connection in between, so it may be walked as slowly as one likes. */
  walk(userId: UserId, filter?: EventFilter, options?: WalkOptions): AsyncGenerator<LoggedEvent[]>
  /** Every user of the log, in pages. For the role of operators alone. */
  users(signal?: AbortSignal): AsyncGenerator<LoggedUser[]>
}

const usersPerPage = 1_000

export function createEventLog({ pool, role }: EventLogOptions): EventLog {
  const log: EventLog = {
    ask: (userId, work, signal) =>
      transaction(pool, { role, userId }, work, {
        isolation: 'repeatable read',
        readOnly: true,
        ...logPlans,
        ...(signal === undefined ? {} : { signal }),
      }),
    async *walk(userId, filter = {}, { order = 'oldest', after, pageLength = 500, signal } = {}) {
      let last = after
      for (;;) {
        const page: EventPage = {
          order,
          limit: pageLength,
          ...(last === undefined ? {} : order === 'oldest' ? { above: last } : { below: last }),
        }
        const events = await log.ask(userId, (client) => findEvents(client, filter, page), signal)
        if (events.length > 0) yield events
        if (events.length < pageLength) return
        last = events.at(-1)?.sequence
      }
    },
    async *users(signal) {
      let after: UserId | null = null
      for (;;) {
        const from: UserId | null = after
        const page: LoggedUser[] = await transaction(
          pool,
          { role },
          (client) => findUsersBehind(client, from, usersPerPage),
          { readOnly: true, ...(signal === undefined ? {} : { signal }) },
        )
        if (page.length > 0) yield page
        after = page.at(-1)?.userId ?? null
        if (page.length < usersPerPage) return
      }
    },
  }
  return log
}
