import { errorClass, type UserId, wait } from '@synap/core'
import { type Pool, transaction } from '@synap/postgres'
import type { EventLog } from './event-log.ts'
import { createGate } from './gate.ts'
import type { LoggedEvent } from './logged-event.ts'
import { createPositionWaiter } from './position-waiter.ts'
import { findEvents } from './sql/find-events.ts'
import { findLogPositions } from './sql/find-positions.ts'

/** What a subscriber is told next. */
export interface Delivery {
  /** In the order of the sequence; empty as a sign of life. */
  events: LoggedEvent[]
  /** Everything up to this sequence is delivered: where to resume. */
  upTo: number
}

export interface Subscriptions {
  /**
   * Every event of the user behind `after`, in order, each once, for as long as the signal lets it: those that are there,
   * then each as it comes. Never passes an event that may still turn up. The next page is read when the one before has
   * been taken, so a slow subscriber holds one page, and no connection. An empty delivery comes when nothing else did for
   * `idleMs`, and while the database is away.
   */
  follow(userId: UserId, after: number, signal: AbortSignal): AsyncGenerator<Delivery>
  /** The log may have changed: one look serves all who wait. */
  wake(): void
}

export interface SubscriptionsOptions {
  pool: Pool
  role: string
  log: EventLog
  /** Events of one delivery; 50 by default. */
  pageLength?: number
  /** Milliseconds between signs of life; 15,000 by default. */
  idleMs?: number
  /** Reads at once, however many wake up together; 3 by default. */
  reads?: number
  /** Milliseconds between looks while somebody waits, in case a notification is lost; 1,000 by default. */
  recheckMs?: number
}

const retryMs = 1_000

export function createSubscriptions(options: SubscriptionsOptions): Subscriptions {
  const { pool, role, log, pageLength = 50, idleMs = 15_000, recheckMs = 1_000 } = options
  const gate = createGate(options.reads ?? 3)
  const waiter = createPositionWaiter({
    recheckMs,
    readPositions: async (users) => {
      const positions = await transaction(pool, { role }, (client) => findLogPositions(client, users), {
        readOnly: true,
      })
      return new Map([...positions].map(([userId, { settled }]) => [userId, settled]))
    },
  })
  const read = (userId: UserId, after: number, signal: AbortSignal) =>
    gate(signal, () =>
      log.ask(
        userId,
        async (client): Promise<Delivery> => {
          const settled = (await findLogPositions(client, [userId])).get(userId)?.settled ?? 0
          if (settled <= after) return { events: [], upTo: after }
          const page = { order: 'oldest', above: after, below: settled + 1, limit: pageLength } as const
          const events = await findEvents(client, {}, page)
          const full = events.length === pageLength
          return { events, upTo: full ? (events.at(-1)?.sequence ?? settled) : settled }
        },
        signal,
      ),
    )

  return {
    async *follow(userId, after, signal) {
      let upTo = after
      while (!signal.aborted) {
        try {
          const delivery = await read(userId, upTo, signal)
          const moved = delivery.upTo > upTo
          ;({ upTo } = delivery)
          if (delivery.events.length > 0) yield delivery
          if (moved) continue
          if (!(await waiter.reached(userId, upTo + 1, idleMs, signal))) yield { events: [], upTo }
        } catch (error) {
          if (signal.aborted) return
          if (errorClass(error) !== 'dependency') throw error
          yield { events: [], upTo }
          await wait(retryMs, signal).catch(() => undefined)
        }
      }
    },
    wake: () => waiter.wake(),
  }
}
