import { setImmediate as othersTurn } from 'node:timers/promises'
import type { CaptureRequest, FileReference } from '@synap/contracts'
import { type EntityId, uuidv7, withDeadline } from '@synap/core'
import { type Accepted, combine, type Refused } from '@synap/domain'
import { contentKey } from '@synap/object-store'
import { asAttempt } from './as-attempt.ts'
import type { Caller, RequestKey } from './caller.ts'
import {
  type CaptureDependencies,
  captureDecider,
  commandOf,
  type NewContent,
  putContent,
  textContent,
} from './capture-entity.ts'
import { decideAndAppend, type WriteDependencies, type WriteOutcome } from './decide-and-append.ts'
import { assertTakesWrites } from './outbox-watch.ts'
import { putInParallel } from './put-in-parallel.ts'
import type { AppendObject } from './sql/append.ts'
import { beginPuts } from './sql/begin-puts.ts'
import { replayOf, type StoredResult } from './stored-result.ts'

export interface CaptureBatch {
  caller: Caller
  items: readonly CaptureRequest[]
  request: RequestKey | null
  signal: AbortSignal
}

interface Item {
  entityId: EntityId
  body: CaptureRequest
  content: NewContent | undefined
}

interface PlacedFile {
  file: FileReference
  content: NewContent
  leaseId: string
}

const putsAtOnce = 16
/** Decided in one go; other requests are served between. */
const itemsPerTurn = 100
/** Milliseconds that all puts of a batch may take. */
const putsMs = 40_000
/** What the rest of an attempt takes, at most. */
const leaseMarginMs = 15_000

/** Milliseconds that a batch may take, with the time in which its body comes in. */
export const batchMs = 60_000

/**
 * Captures all of it or nothing: the contents first, then one append. What was put for a batch that came to nothing is
 * removed by the sweep. Rejects as `decideAndAppend`, and with class dependency when the store is away.
 */
export async function captureBatch(
  dependencies: CaptureDependencies,
  { caller, items: bodies, request, signal }: CaptureBatch,
): Promise<WriteOutcome> {
  assertTakesWrites(dependencies.outbox)
  const minted = bodies.map((body) => ({
    entityId: uuidv7() as EntityId,
    body,
    content: body.content === undefined || body.content === '' ? undefined : textContent(body.content),
  }))
  const objects = minted.flatMap((item) => keyOf(caller, item))
  if (objects.length === 0) {
    const idempotency = request === null ? null : { ...request, attempt: null }
    return appendBatch(dependencies, { caller, items: minted, files: new Map(), idempotency })
  }
  const begun = await beginPuts(dependencies.pool, {
    userId: caller.userId,
    idempotency: request,
    ids: { entities: minted.map(({ entityId }) => entityId), objects },
    leaseMs: putsMs + leaseMarginMs,
  })
  if (begun.outcome === 'replay') return { outcome: 'done', effect: replayOf(begun.result) }
  if (begun.outcome === 'in_flight') return { outcome: 'in_flight', retryAfterMs: begun.retry_after_ms }
  if (begun.outcome === 'mismatch') return { outcome: 'mismatch' }

  const items = minted.map((item, n) => ({ ...item, entityId: begun.ids.entities[n] as EntityId }))
  const files = placed(items, begun.objects)
  return asAttempt(dependencies, { caller, request, begun }, async () => {
    await withDeadline('the puts of a batch', putsMs, signal, (inTime) =>
      putInParallel([...files.values()], putsAtOnce, inTime, ({ file, content }, going) =>
        putContent(dependencies.store, { object_key: file.key, now_ms: begun.now_ms }, content, going),
      ),
    )
    const idempotency = request === null ? null : { ...request, attempt: begun.attempt }
    return appendBatch(dependencies, { caller, items, files, idempotency })
  })
}

function keyOf({ userId }: Caller, { entityId, body, content }: Item): string[] {
  if (content === undefined) return []
  const { sha256, kind } = content
  return [contentKey({ userId, entityType: body.type, entityId, sha256, extension: kind.extension })]
}

/** Where the contents are to lie, by item. */
function placed(
  items: readonly Item[],
  places: readonly { object_key: string; lease_id: string }[],
): Map<EntityId, PlacedFile> {
  const uploadedAt = Date.now()
  const next = places.values()
  const files = new Map<EntityId, PlacedFile>()
  for (const { entityId, content } of items) {
    if (content === undefined) continue
    const place = next.next().value
    if (place === undefined) throw new TypeError('a content has no place')
    const { size, sha256, kind } = content
    const { contentType, fileType } = kind
    const file = { key: place.object_key, sha256, size, contentType, fileType, uploadedAt }
    files.set(entityId, { file, content, leaseId: place.lease_id })
  }
  return files
}

interface AppendBatch {
  caller: Caller
  items: readonly Item[]
  files: ReadonlyMap<EntityId, PlacedFile>
  idempotency: (RequestKey & { attempt: number | null }) | null
}

function appendBatch(
  dependencies: WriteDependencies,
  { caller, items, files, idempotency }: AppendBatch,
): Promise<WriteOutcome> {
  const objects = [...files].map(
    ([aggregateId, { file, leaseId }]): AppendObject => ({ ...file, aggregateId, leaseId }),
  )
  return decideAndAppend<never>(dependencies, {
    caller,
    idempotency,
    objects,
    decide: async (tags) => {
      const decideCapture = await captureDecider(dependencies, caller, tags)
      const decisions: Accepted[] = []
      for (const [n, { entityId, body }] of items.entries()) {
        const placed = files.get(entityId)
        const content = placed === undefined ? {} : { content: placed.file, preview: placed.content.preview }
        const decision = decideCapture({ ...commandOf(entityId, body, tags), ...content })
        if (decision.outcome === 'refused') return ofItem(n, decision)
        decisions.push(decision)
        if (n % itemsPerTurn === itemsPerTurn - 1) await othersTurn()
      }
      return combine(decisions)
    },
    resultOf: (accepted) => resultOfBatch(accepted, items, caller),
  })
}

const ofItem = (n: number, refused: Refused): Refused => ({
  ...refused,
  message: `Item ${n}: ${refused.message}`,
})

function resultOfBatch(
  { aggregates, events }: Accepted,
  items: readonly Item[],
  { correlationId }: Caller,
): StoredResult {
  const versions = new Map<string, number>(aggregates.map(({ id, state }) => [id, state.version]))
  const lasts = new Map<string, number>(events.map(({ aggregateId }, n) => [aggregateId, n]))
  const made = items.map(({ entityId: id }) => ({
    id,
    version: versions.get(id) ?? 0,
    after: events.length - 1 - (lasts.get(id) ?? 0),
  }))
  const [first] = made
  if (first === undefined) throw new TypeError('a batch of nothing')
  return { id: first.id, version: first.version, correlationId, items: made }
}
