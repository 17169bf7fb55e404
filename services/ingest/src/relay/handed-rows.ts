import type { UserId } from '@synap/core'
import type { OutboxRow } from '../sql/outbox.ts'

/** Rows that this process has committed and the relay need not look for. */
export interface HandedRows {
  /** Takes rows in or, when too much waits, leaves all of it to the next look. */
  add(rows: readonly OutboxRow[]): void
  /** Those that each follow on what was sent of their user, in their order; they count as sent. None while a look is due. */
  take(): OutboxRow[]
  /** Whether the outbox has, or may have, more than was handed. */
  isLookDue(): boolean
  /** Whether there is something to do at once: rows that wait, or a look. */
  isWaiting(): boolean
  /** The outbox has more than was handed. */
  mustLook(): void
  /** The outbox is looked at from now on: it has all that was handed before. */
  looking(): void
  /** This row of the outbox is sent, and with it everything before it of its user. */
  sent(row: OutboxRow): void
  /** Nothing is known any more of what was sent: the outbox has to be looked at. */
  forget(): void
}

interface HandedLimits {
  batchRows: number
  batchBytes: number
}

/** Users whose last row is remembered; the next row of any other makes the relay look. */
const maxUsers = 50_000

/**
 * A row may go without a look at the outbox only when every earlier one of its user has gone: then nothing that waits there
 * is overtaken, whoever wrote it. At most so many rows and, of their deltas, bytes wait.
 */
export function createHandedRows({ batchRows, batchBytes }: HandedLimits): HandedRows {
  /** The last sequence that was sent. */
  const lasts = new Map<UserId, number>()
  let waiting: OutboxRow[] = []
  let bytes = 0
  let isLookDue = true

  const empty = () => {
    waiting = []
    bytes = 0
  }

  const sent = ({ user_id: userId, sequence }: OutboxRow) => {
    lasts.delete(userId)
    const oldest = lasts.size >= maxUsers ? lasts.keys().next().value : undefined
    if (oldest !== undefined) lasts.delete(oldest)
    lasts.set(userId, sequence)
  }
  /** Whether a row may go; undefined when it has gone already. */
  const follows = ({ user_id: userId, sequence }: OutboxRow): boolean | undefined => {
    const last = lasts.get(userId) ?? 0
    return sequence <= last ? undefined : sequence === last + 1
  }
  return {
    add(rows) {
      if (isLookDue) return
      for (const row of rows) bytes += row.delta.length
      isLookDue = waiting.length + rows.length > batchRows || bytes > batchBytes
      if (isLookDue) empty()
      else waiting.push(...rows)
    },
    isLookDue: () => isLookDue,
    isWaiting: () => isLookDue || waiting.length > 0,
    take() {
      if (isLookDue) return []
      const rows: OutboxRow[] = []
      // Answers of two appends of one user may be read in another order than they committed in; their ids are not.
      for (const row of waiting.sort((a, b) => a.id - b.id)) {
        const next = follows(row)
        if (next === undefined) continue
        if (!next) {
          isLookDue = true
          continue
        }
        sent(row)
        rows.push(row)
      }
      empty()
      return rows
    },
    mustLook() {
      isLookDue = true
    },
    looking() {
      empty()
      isLookDue = false
    },
    sent,
    forget() {
      lasts.clear()
      empty()
      isLookDue = true
    },
  }
}
