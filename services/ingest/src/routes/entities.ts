import {
  analysisRequest,
  analysisResponse,
  type CaptureRequest,
  captureFileForm,
  captureRequest,
  captureResponse,
  changeResponse,
  entityParams,
  httpHeaders,
} from '@synap/contracts'
import { SynapError } from '@synap/core'
import {
  type App,
  correlationIdOf,
  expectedVersion,
  principalOf,
  problem,
  requires,
  takesFileForm,
} from '@synap/http'
import type { FastifyRequest } from 'fastify'
import { effectOrThrow, staleVersion } from '../answer-write.ts'
import { isOutcomeUnknown } from '../append-knowing.ts'
import { type CaptureDependencies, captureEntity } from '../capture-entity.ts'
import type { WriteOutcome } from '../decide-and-append.ts'
import { deleteEntity } from '../delete-entity.ts'
import { askedFor, captureFile } from '../files/capture-file.ts'
import { readFileForm } from '../files/read-file-form.ts'
import type { Spool } from '../files/spool.ts'
import { assertTakesWrites } from '../outbox-watch.ts'
import { recordAnalysis } from '../record-analysis.ts'
import { callerOf, requestKeyOf } from '../request-facts.ts'

export interface EntityRouteDependencies extends CaptureDependencies {
  spool: Spool
  /** Milliseconds that one upload may take. */
  uploadTimeoutMs: number
}

/** `/v1/entities`: what users and their programs write. */
export function registerEntityRoutes(app: App, dependencies: EntityRouteDependencies): void {
  registerCapture(app, dependencies)
  registerDelete(app, dependencies)
  registerAnalyses(app, dependencies)
}

function registerCapture(app: App, dependencies: EntityRouteDependencies): void {
  const { spool, uploadTimeoutMs } = dependencies
  const schema = {
    summary: 'Capture something',
    body: { content: { 'application/json': { schema: captureRequest } } },
    response: { 201: captureResponse },
  }
  const config = { ...requires('write'), ...takesFileForm(captureFileForm, uploadTimeoutMs) }
  app.post('/v1/entities', { schema, config }, async (request, reply) => {
    const outcome = await (request.isMultipart()
      ? captureForm(dependencies, request, spool)
      : captureJson(dependencies, request)
    ).catch(explained)
    const { id, version, sequence, correlationId } = effectOrThrow(reply, outcome)
    const path = `/v1/entities/${id}`
    reply.code(201).header(httpHeaders.location, path)
    return captureResponse.parse({ id, version, sequence, correlationId, status: `${path}/status` })
  })
}

async function captureJson(
  dependencies: CaptureDependencies,
  request: FastifyRequest,
): Promise<WriteOutcome> {
  return captureEntity(dependencies, {
    caller: callerOf(request),
    // Validated by the schema of its media type.
    body: request.body as CaptureRequest,
    request: requestKeyOf(request),
    signal: request.signal,
  })
}

async function captureForm(
  dependencies: CaptureDependencies,
  request: FastifyRequest,
  spool: Spool,
): Promise<WriteOutcome> {
  // Both before anything is taken in: a refusal should not cost an upload.
  requestKeyOf(request, null)
  assertTakesWrites(dependencies.outbox)
  const form = await readFileForm(request, spool)
  try {
    return await captureFile(dependencies, {
      caller: callerOf(request),
      form,
      request: requestKeyOf(request, askedFor(form)),
      signal: request.signal,
    })
  } finally {
    await form.file.close()
  }
}

function registerDelete(app: App, dependencies: CaptureDependencies): void {
  const schema = {
    summary: 'Hide an entity; it can be restored',
    params: entityParams,
    response: { 200: changeResponse },
  }
  app.delete('/v1/entities/:id', { schema, config: requires('write') }, async (request, reply) => {
    const outcome = await deleteEntity(dependencies, {
      caller: callerOf(request),
      entityId: request.params.id,
      expectedVersion: expectedVersion(request),
      request: requestKeyOf(request),
    }).catch(explained)
    if (outcome.outcome === 'stale') throw staleVersion(outcome.currentVersion)
    const { id, version, sequence, correlationId } = effectOrThrow(reply, outcome)
    return changeResponse.parse({ id, version, sequence, correlationId })
  })
}

function registerAnalyses(app: App, dependencies: CaptureDependencies): void {
  const schema = {
    summary: 'Record an analysis (enrichers)',
    params: entityParams,
    body: analysisRequest,
    response: { 200: analysisResponse },
  }
  app.post('/v1/entities/:id/analyses', { schema, config: requires('write') }, async (request, reply) => {
    const { credential } = principalOf(request)
    const caller = callerOf(request)
    const outcome = await recordAnalysis(dependencies, {
      // What an analysis sets is never taken for a person's own, whoever sends it.
      caller: { ...caller, actor: { kind: 'ai', id: credential.keyId }, source: 'automation' },
      entityId: request.params.id,
      body: request.body,
      request: requestKeyOf(request),
    }).catch(explained)
    if ('version' in outcome) {
      const correlationId = correlationIdOf(request)
      return analysisResponse.parse({ ...outcome, id: request.params.id, correlationId, applied: [] })
    }
    const { id, version, sequence, correlationId, applied = [] } = effectOrThrow(reply, outcome)
    return analysisResponse.parse({ outcome: 'recorded', id, version, sequence, correlationId, applied })
  })
}

/** Tells the client what its retry needs to know where the class of an error alone does not. */
function explained(error: unknown): never {
  if (isOutcomeUnknown(error)) {
    throw problem('unavailable', {
      detail: 'Whether it was stored is unknown. Send it again with the same Idempotency-Key.',
      retryAfter: 2,
      cause: error,
    })
  }
  if (error instanceof SynapError && error.code === 'event.too_large') {
    throw problem('tooLarge', { detail: 'What it says does not fit into one event.', cause: error })
  }
  throw error
}
