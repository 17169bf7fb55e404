import type { CaptureRequest } from '@synap/contracts'
import { crashpoint, type EntityId, sha256Hex, uuidv7 } from '@synap/core'
import { type Capture, decide } from '@synap/domain'
import { contentKey, type ObjectStore } from '@synap/object-store'
import { asAttempt, type Begun } from './as-attempt.ts'
import { type Caller, decisionContextOf, type RequestKey } from './caller.ts'
import { clockDifference, maxClockDifferenceMs } from './clock-difference.ts'
import { decideAndAppend, resultFor, type WriteDependencies, type WriteOutcome } from './decide-and-append.ts'
import { assertOutboxHasRoom } from './outbox-watch.ts'
import { buildPreview } from './preview.ts'
import { beginPut } from './sql/begin-put.ts'
import { replayOf } from './stored-result.ts'
import type { TagIds } from './tag-ids.ts'

export interface CaptureDependencies extends WriteDependencies {
  store: ObjectStore
}

export interface CaptureEntity {
  caller: Caller
  body: CaptureRequest
  request: RequestKey | null
  signal: AbortSignal
}

/** Longer than a request may take, so that a lease that is over belongs to nobody. */
const leaseMs = 30_000
const markdown = {
  contentType: 'text/markdown; charset=utf-8',
  fileType: 'markdown',
  extension: 'md',
} as const

/**
 * Content first, under a key that holds part of its hash, then one append. A put that nothing refers to in the end is
 * removed by the sweep.
 */
export function captureEntity(
  dependencies: CaptureDependencies,
  capture: CaptureEntity,
): Promise<WriteOutcome> {
  const { content } = capture.body
  return content === undefined || content === ''
    ? captureWithoutContent(dependencies, capture)
    : captureContent(dependencies, capture, Buffer.from(content, 'utf8'))
}

function captureWithoutContent(
  dependencies: CaptureDependencies,
  { caller, body, request }: CaptureEntity,
): Promise<WriteOutcome> {
  const entityId = uuidv7() as EntityId
  return decideAndAppend<never>(dependencies, {
    caller,
    idempotency: request === null ? null : { ...request, attempt: null },
    objects: [],
    decide: async (tags) => decideCapture(caller, commandOf(entityId, body, tags)),
    resultOf: (accepted) => resultFor(accepted, entityId, caller),
  })
}

async function captureContent(
  dependencies: CaptureDependencies,
  { caller, body, request, signal }: CaptureEntity,
  bytes: Buffer,
): Promise<WriteOutcome> {
  assertOutboxHasRoom(dependencies.outbox)
  const sha256 = sha256Hex(bytes)
  const minted = uuidv7() as EntityId
  const begun = await beginPut(dependencies.pool, {
    userId: caller.userId,
    idempotency: request,
    ids: { entityId: minted },
    objectKey: contentKey({
      userId: caller.userId,
      entityType: body.type,
      entityId: minted,
      sha256,
      extension: markdown.extension,
    }),
    leaseMs,
  })
  if (begun.outcome === 'replay') return { outcome: 'done', effect: replayOf(begun.result) }
  if (begun.outcome === 'in_flight') return { outcome: 'in_flight', retryAfterMs: begun.retry_after_ms }
  if (begun.outcome === 'mismatch') return { outcome: 'mismatch' }

  const entityId = begun.ids['entityId'] as EntityId
  const file = {
    key: begun.object_key,
    sha256,
    size: bytes.length,
    contentType: markdown.contentType,
    fileType: markdown.fileType,
    uploadedAt: Date.now(),
  }
  return asAttempt(dependencies, { caller, request, begun }, async () => {
    await putContent(dependencies.store, begun, { bytes, sha256, signal })
    return decideAndAppend<never>(dependencies, {
      caller,
      idempotency: request === null ? null : { ...request, attempt: begun.attempt },
      objects: [{ ...file, aggregateId: entityId, leaseId: begun.lease_id }],
      decide: async (tags) => {
        const preview = buildPreview(body.content ?? '')
        return decideCapture(caller, { ...commandOf(entityId, body, tags), content: file, preview })
      },
      resultOf: (accepted) => resultFor(accepted, entityId, caller),
    })
  })
}

async function putContent(
  store: ObjectStore,
  begun: Begun,
  { bytes, sha256, signal }: { bytes: Buffer; sha256: string; signal: AbortSignal },
): Promise<void> {
  const difference = Date.now() - begun.now_ms
  if (Math.abs(difference) > maxClockDifferenceMs) throw clockDifference(difference)
  const { contentType } = markdown
  await store.put(begun.object_key, bytes, { contentType, sha256, signal })
  crashpoint('ingest.after_put')
}

function commandOf(entityId: EntityId, body: CaptureRequest, tags: TagIds): Capture {
  return {
    kind: 'capture',
    entityId,
    type: body.type,
    title: body.title ?? null,
    content: null,
    preview: null,
    tags: (body.tags ?? []).map((name) => ({ id: tags.idOf(name), name })),
    task: body.task ?? null,
    metadata: body.metadata ?? null,
  }
}

function decideCapture(caller: Caller, command: Capture) {
  const decision = decide(command, { entity: undefined }, decisionContextOf(caller))
  if (decision.outcome === 'accepted' || decision.outcome === 'refused') return decision
  throw new TypeError('a capture is accepted or refused')
}
