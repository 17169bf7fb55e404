import type { FileReference } from '@synap/contracts'
import type { AggregateId } from '@synap/core'
import type { Command, RecordAnalysis } from '@synap/domain'
import { asAttempt } from '../as-attempt.ts'
import type { Caller, RequestKey } from '../caller.ts'
import { type CaptureDependencies, type NewContent, putContent } from '../capture-entity.ts'
import { inTransaction } from '../database.ts'
import { assertTakesWrites } from '../outbox-watch.ts'
import { readAggregates } from '../read-aggregates.ts'
import { type CommandOutcome, runCommand } from '../run-command.ts'
import { beginPut } from '../sql/begin-put.ts'
import { findPutKey } from '../sql/find-put-key.ts'
import { replayOf } from '../stored-result.ts'

export interface PutAndRun {
  caller: Caller
  request: RequestKey | null
  /** The aggregate that `If-Match` and the answer are about. */
  about: AggregateId
  expectedVersion: number | undefined
  /** Where the content should lie; it may come to lie under another key. */
  objectKey: string
  content: NewContent
  /** What is done with it once it is there. */
  command: (file: FileReference) => Exclude<Command, RecordAnalysis>
  signal: AbortSignal
}

/** With the key that the content lies under. */
export type PutOutcome = CommandOutcome & { objectKey?: string }

/**
 * Puts content and then runs the command that refers to it. A put that nothing refers to in the end is removed by the
 * sweep. Rejects as `decideAndAppend`, and with class dependency when the store is away.
 */
export async function putAndRun(
  dependencies: CaptureDependencies,
  { caller, request, about, expectedVersion, objectKey, content, command, signal }: PutAndRun,
): Promise<PutOutcome> {
  const { pool, store, outbox } = dependencies
  assertTakesWrites(outbox)
  const begun = await beginPut(pool, {
    userId: caller.userId,
    idempotency: request,
    ids: {},
    objectKey,
    leaseMs: content.putMs + leaseMarginMs,
  })
  if (begun.outcome === 'in_flight') return { outcome: 'in_flight', retryAfterMs: begun.retry_after_ms }
  if (begun.outcome === 'mismatch') return { outcome: 'mismatch' }
  if (begun.outcome === 'replay') {
    const put = await inTransaction(pool, (client) => findPutKey(client, caller.userId, request?.key ?? ''))
    const effect = replayOf(begun.result)
    return { outcome: 'done', effect, objectKey: put ?? objectKey }
  }
  const { size, sha256, kind } = content
  const { contentType, fileType } = kind
  const file = { key: begun.object_key, sha256, size, contentType, fileType, uploadedAt: Date.now() }
  const outcome = await asAttempt<CommandOutcome>(dependencies, { caller, request, begun }, async () => {
    const stale = await findStale(pool, { caller, about, expectedVersion })
    if (stale !== undefined) return stale
    await putContent(store, begun, content, signal)
    return runCommand(dependencies, {
      caller,
      request,
      about,
      expectedVersion,
      command: () => command(file),
      put: { attempt: begun.attempt, objects: [{ ...file, aggregateId: about, leaseId: begun.lease_id }] },
    })
  })
  return { ...outcome, objectKey: begun.object_key }
}

/** Before the put: a client that is behind should not cost one. The append looks again. */
async function findStale(
  pool: CaptureDependencies['pool'],
  { caller, about, expectedVersion }: Pick<PutAndRun, 'caller' | 'about' | 'expectedVersion'>,
) {
  if (expectedVersion === undefined) return undefined
  const current = (await readAggregates(pool, caller.userId, [about])).get(about)
  if (current === undefined || current.version === expectedVersion) return undefined
  return { outcome: 'stale', currentVersion: current.version } as const
}

/** What the rest of an attempt takes besides its put, at most. */
const leaseMarginMs = 10_000
