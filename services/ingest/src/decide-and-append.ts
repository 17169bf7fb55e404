import { type AggregateId, assertNever, crashpoint, SynapError } from '@synap/core'
import { type Accepted, type Refused, stateVersion } from '@synap/domain'
import type { Logger } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { appendKnowing } from './append-knowing.ts'
import { appendContextOf, type Caller, type RequestKey } from './caller.ts'
import { clockDifference } from './clock-difference.ts'
import { inTransaction } from './database.ts'
import { encodeEvent } from './encode-event.ts'
import { assertTakesWrites, type OutboxWatch } from './outbox-watch.ts'
import { committedRows } from './relay/committed-rows.ts'
import type { AppendCall, Appended, AppendObject, AppendOutcome } from './sql/append.ts'
import { checkIdempotency } from './sql/check-idempotency.ts'
import type { OutboxRow } from './sql/outbox.ts'
import { type Effect, effectOf, replayOf, type StoredResult } from './stored-result.ts'
import { createTagIds, type TagIds, tagsIn } from './tag-ids.ts'

/** What every write needs. */
export interface WriteDependencies {
  pool: Pool
  logger: Logger
  outbox: OutboxWatch
  /**
   * Gives the relay the rows that were committed; undefined when it has to look for them. Resolves when what can be done for
   * them at once has been done: then it is time for the answer.
   */
  onCommitted: (rows: readonly OutboxRow[] | undefined) => Promise<void> | void
  onClockJump: () => void
}

export interface Write<Other> {
  caller: Caller
  idempotency: (RequestKey & { attempt: number | null }) | null
  objects: readonly AppendObject[]
  /** Reads what it needs and decides; asked again after a collision, with the tag ids learned since. */
  decide(tags: TagIds): Promise<Accepted | Refused | Other>
  /** What is kept to answer the same request again. */
  resultOf(accepted: Accepted): StoredResult
}

/** Ways in which a write has no effect. Each is an expected answer. */
export type WriteRefusal =
  | Refused
  | { outcome: 'conflict'; aggregateId: AggregateId; currentVersion: number }
  | { outcome: 'in_flight'; retryAfterMs: number }
  | { outcome: 'mismatch' }

export type WriteOutcome = { outcome: 'done'; effect: Effect } | WriteRefusal

const maxDecisions = 5

/**
 * Decides, appends, and decides again when somebody was faster, five times at most. Rejects with class dependency when
 * the database is away: `write.outcome_unknown` when it broke off during the append, else before any effect.
 */
export async function decideAndAppend<Other extends { outcome: string } = never>(
  dependencies: WriteDependencies,
  write: Write<Other>,
): Promise<WriteOutcome | Other> {
  assertTakesWrites(dependencies.outbox)
  const tags = createTagIds(write.caller.userId)
  for (let decisions = 1; ; decisions += 1) {
    const decision = await write.decide(tags)
    if (decision.outcome !== 'accepted') {
      return (await earlierOutcome(dependencies.pool, write)) ?? (decision as Refused | Other)
    }
    const accepted = decision as Accepted
    const call = callOf(write, accepted)
    const answer = await appendKnowing(dependencies.pool, call)
    const again = decisions < maxDecisions
    if (answer.outcome === 'tags' && again) tags.learn(answer.tags)
    else if (answer.outcome !== 'conflict' || !again) {
      if (answer.outcome === 'appended') await committed(dependencies, call, answer)
      return concluded(dependencies, write, accepted, answer)
    }
  }
}

/** The result for an aggregate that the decision writes, or stands on. */
export function resultFor(accepted: Accepted, id: AggregateId, { correlationId }: Caller): StoredResult {
  const written = accepted.aggregates.find((aggregate) => aggregate.id === id)
  const version = written?.state.version ?? accepted.reads.find((read) => read.id === id)?.expected
  if (version === undefined) throw new TypeError('the decision is not about this aggregate')
  return { id, version, correlationId }
}

/**
 * What an earlier request with the same key came to. Asked when there is nothing to append: after a deletion its own
 * repetition finds nothing to delete.
 */
async function earlierOutcome<Other>(pool: Pool, write: Write<Other>): Promise<WriteOutcome | undefined> {
  const { idempotency, caller } = write
  if (idempotency === null || idempotency.attempt !== null) return undefined
  const earlier = await inTransaction(pool, (client) => checkIdempotency(client, caller.userId, idempotency))
  switch (earlier?.outcome) {
    case undefined:
      return undefined
    case 'replay':
      return { outcome: 'done', effect: replayOf(earlier.result) }
    case 'in_flight':
      return { outcome: 'in_flight', retryAfterMs: earlier.retry_after_ms }
    case 'mismatch':
      return { outcome: 'mismatch' }
    default:
      return assertNever(earlier)
  }
}

function callOf<Other>(write: Write<Other>, accepted: Accepted): AppendCall {
  const { caller, idempotency, objects } = write
  return {
    userId: caller.userId,
    context: appendContextOf(caller),
    aggregates: [
      ...accepted.aggregates.map((written) => ({ ...written, stateVersion })),
      ...accepted.reads.map((read) => ({ ...read, state: null, stateVersion })),
    ],
    events: accepted.events.map(encodeEvent),
    objects,
    tags: tagsIn(accepted.events),
    idempotency: idempotency === null ? null : { ...idempotency, result: { ...write.resultOf(accepted) } },
  }
}

function committed(
  { outbox, onCommitted }: WriteDependencies,
  call: AppendCall,
  appended: Appended,
): Promise<void> | void {
  crashpoint('ingest.after_commit')
  outbox.added(call.events.length)
  return onCommitted(committedRows(call, appended))
}

function concluded<Other>(
  dependencies: WriteDependencies,
  write: Write<Other>,
  accepted: Accepted,
  answer: AppendOutcome,
): WriteOutcome {
  switch (answer.outcome) {
    case 'appended': {
      if (answer.clock_jump) alarmClockJump(dependencies, write.caller)
      return { outcome: 'done', effect: effectOf(write.resultOf(accepted), answer) }
    }
    case 'replay':
      return { outcome: 'done', effect: replayOf(answer.result) }
    case 'conflict':
      return { outcome: 'conflict', aggregateId: answer.aggregate_id, currentVersion: answer.current_version }
    case 'mismatch':
      return { outcome: 'mismatch' }
    case 'in_flight':
      return { outcome: 'in_flight', retryAfterMs: answer.retry_after_ms }
    // Another attempt of the same request has taken over: it is the one to wait for.
    case 'attempt_lost':
      return { outcome: 'in_flight', retryAfterMs: 1_000 }
    case 'tags':
    case 'lease_lost':
      throw new SynapError('the write has to be tried again', {
        code: `write.${answer.outcome}`,
        class: 'dependency',
      })
    case 'clock_difference':
      throw clockDifference(answer.difference_ms)
    default:
      return assertNever(answer)
  }
}

function alarmClockJump({ logger, onClockJump }: WriteDependencies, { userId }: Caller): void {
  onClockJump()
  logger.error(
    { alarm: 'clock_jump', userId },
    'the last event of a user is more than a day ahead of the clock: time went back',
  )
}
