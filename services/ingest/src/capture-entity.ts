import { type CaptureRequest, type FileReference, kindInputsOf } from '@synap/contracts'
import { crashpoint, type EntityId, sha256Hex, uuidv7, withDeadline } from '@synap/core'
import { type Accepted, type Capture, decide, type Refused, statesFor } from '@synap/domain'
import type { FileKind } from '@synap/file-types'
import { contentKey, type ObjectBody, type ObjectStore } from '@synap/object-store'
import { asAttempt, type Begun } from './as-attempt.ts'
import { type Caller, decisionContextOf, type RequestKey } from './caller.ts'
import { clockDifference, maxClockDifferenceMs } from './clock-difference.ts'
import { decideAndAppend, resultFor, type WriteDependencies, type WriteOutcome } from './decide-and-append.ts'
import { assertTakesWrites } from './outbox-watch.ts'
import { buildPreview } from './preview.ts'
import { readAggregates } from './read-aggregates.ts'
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

/** Content whose hash is known, as it is to be stored. */
export interface NewContent {
  /** From the start, each time it is called. */
  body(): ObjectBody
  /** Bytes. */
  size: number
  /** 64 hexadecimal characters. */
  sha256: string
  kind: FileKind
  /** At most 200 characters of text content. */
  preview: string | null
  /** Milliseconds the put may take. */
  putMs: number
}

/** What the rest of an attempt takes besides its put, at most: a lease that is over belongs to nobody. */
const leaseMarginMs = 10_000
const smallPutMs = 20_000
const markdown: FileKind = {
  contentType: 'text/markdown; charset=utf-8',
  fileType: 'markdown',
  extension: 'md',
}

/**
 * Content first, under a key that holds part of its hash, then one append. A put that nothing refers to in the end is
 * removed by the sweep.
 */
export function captureEntity(
  dependencies: CaptureDependencies,
  capture: CaptureEntity,
): Promise<WriteOutcome> {
  const { content } = capture.body
  if (content === undefined || content === '') return captureWithoutContent(dependencies, capture)
  return captureContent(dependencies, capture, textContent(content))
}

/** Markdown that came in a JSON body. */
export function textContent(content: string): NewContent {
  const bytes = Buffer.from(content, 'utf8')
  return {
    body: () => bytes,
    size: bytes.length,
    sha256: sha256Hex(bytes),
    kind: markdown,
    preview: buildPreview(content),
    putMs: smallPutMs,
  }
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
    decide: async (tags) =>
      (await captureDecider(dependencies, caller, tags))(commandOf(entityId, body, tags)),
    resultOf: (accepted) => resultFor(accepted, entityId, caller),
  })
}

/** As `captureEntity`, for content of any kind. */
export async function captureContent(
  dependencies: CaptureDependencies,
  { caller, body, request, signal }: CaptureEntity,
  content: NewContent,
): Promise<WriteOutcome> {
  assertTakesWrites(dependencies.outbox)
  const { sha256, size, kind, preview } = content
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
      extension: kind.extension,
    }),
    leaseMs: content.putMs + leaseMarginMs,
  })
  if (begun.outcome === 'replay') return { outcome: 'done', effect: replayOf(begun.result) }
  if (begun.outcome === 'in_flight') return { outcome: 'in_flight', retryAfterMs: begun.retry_after_ms }
  if (begun.outcome === 'mismatch') return { outcome: 'mismatch' }

  const entityId = begun.ids['entityId'] as EntityId
  const { contentType, fileType } = kind
  const file = { key: begun.object_key, sha256, size, contentType, fileType, uploadedAt: Date.now() }
  return asAttempt(dependencies, { caller, request, begun }, async () => {
    await putContent(dependencies.store, begun, content, signal)
    return appendCapture(dependencies, {
      caller,
      body,
      idempotency: request === null ? null : { ...request, attempt: begun.attempt },
      entityId,
      file,
      preview,
      leaseId: begun.lease_id,
    })
  })
}

export interface CapturePut {
  caller: Caller
  body: Omit<CaptureRequest, 'content'>
  idempotency: (RequestKey & { attempt: number | null }) | null
  entityId: EntityId
  file: FileReference
  preview: string | null
  /** The lease that the file was put under. */
  leaseId: string
}

/** Captures what lies in the store already. */
export function appendCapture(
  dependencies: WriteDependencies,
  { caller, body, idempotency, entityId, file, preview, leaseId }: CapturePut,
): Promise<WriteOutcome> {
  return decideAndAppend<never>(dependencies, {
    caller,
    idempotency,
    objects: [{ ...file, aggregateId: entityId, leaseId }],
    decide: async (tags) => {
      const decideCapture = await captureDecider(dependencies, caller, tags)
      return decideCapture({ ...commandOf(entityId, body, tags), content: file, preview })
    },
    resultOf: (accepted) => resultFor(accepted, entityId, caller),
  })
}

/** Puts it under the key that was begun with; not when the clocks are so far apart that nothing could be appended. */
export async function putContent(
  store: ObjectStore,
  begun: Pick<Begun, 'object_key' | 'now_ms'>,
  content: NewContent,
  signal: AbortSignal,
): Promise<void> {
  const difference = Date.now() - begun.now_ms
  if (Math.abs(difference) > maxClockDifferenceMs) throw clockDifference(difference)
  const { sha256, kind, putMs } = content
  await withDeadline('the put of content', putMs, signal, (signal) =>
    store.put(begun.object_key, content.body(), { contentType: kind.contentType, sha256, signal }),
  )
  crashpoint('ingest.after_put')
}

/** Of a capture without content. */
export function commandOf(entityId: EntityId, body: Omit<CaptureRequest, 'content'>, tags: TagIds): Capture {
  return {
    kind: 'capture',
    entityId,
    type: body.type,
    title: body.title ?? null,
    content: null,
    preview: null,
    tags: (body.tags ?? []).map((name) => ({ id: tags.idOf(name), name })),
    ...kindInputsOf(body),
    metadata: body.metadata ?? null,
    timeZone: body.timeZone,
  }
}

/** How captures are decided: without a question, unless what has become of the user's tags has to be known. */
export async function captureDecider(
  { pool }: WriteDependencies,
  caller: Caller,
  tags: TagIds,
): Promise<(command: Capture) => Accepted | Refused> {
  const { userId } = caller
  const context = decisionContextOf(caller)
  if (!tags.isContested) return (command) => decide(command, {}, context)
  const states = statesFor({ user: userId }, await readAggregates(pool, userId, [userId]))
  return (command) => decide({ ...command, userId }, states, context)
}
