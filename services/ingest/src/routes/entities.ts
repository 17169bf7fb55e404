import {
  analysisRequest,
  analysisResponse,
  type CaptureRequest,
  captureFileForm,
  captureRequest,
  captureResponse,
  entityParams,
  httpHeaders,
} from '@synap/contracts'
import { type App, correlationIdOf, principalOf, requires, takesFileForm, takesTimeZone } from '@synap/http'
import type { FastifyRequest } from 'fastify'
import { effectOrThrow } from '../answer-write.ts'
import { type CaptureDependencies, captureEntity } from '../capture-entity.ts'
import type { WriteOutcome } from '../decide-and-append.ts'
import { askedFor, captureFile } from '../files/capture-file.ts'
import { readFileForm } from '../files/read-file-form.ts'
import type { Spool } from '../files/spool.ts'
import { assertTakesWrites } from '../outbox-watch.ts'
import { recordAnalysis } from '../record-analysis.ts'
import { callerOf, inTimeZone, requestKeyOf, timeZoneOf } from '../request-facts.ts'
import { explained } from './answer-change.ts'

export interface EntityRouteDependencies extends CaptureDependencies {
  spool: Spool
  /** Milliseconds that one upload may take. */
  uploadTimeoutMs: number
}

/** `/v1/entities`: what users and their programs write. */
export function registerEntityRoutes(app: App, dependencies: EntityRouteDependencies): void {
  registerCapture(app, dependencies)
  registerAnalyses(app, dependencies)
}

function registerCapture(app: App, dependencies: EntityRouteDependencies): void {
  const { spool, uploadTimeoutMs } = dependencies
  const schema = {
    summary: 'Capture something',
    body: { content: { 'application/json': { schema: captureRequest } } },
    response: { 201: captureResponse },
  }
  const config = {
    ...requires('write'),
    ...takesTimeZone(),
    ...takesFileForm(captureFileForm, uploadTimeoutMs),
  }
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
  // Validated by the schema of its media type.
  const body = inTimeZone(request.body as CaptureRequest, timeZoneOf(request))
  return captureEntity(dependencies, {
    caller: callerOf(request),
    body,
    request: requestKeyOf(request, body),
    signal: request.signal,
  })
}

async function captureForm(
  dependencies: CaptureDependencies,
  request: FastifyRequest,
  spool: Spool,
): Promise<WriteOutcome> {
  // All of it before anything is taken in: a refusal should not cost an upload.
  requestKeyOf(request, null)
  const timeZone = timeZoneOf(request)
  assertTakesWrites(dependencies.outbox)
  const received = await readFileForm(request, spool)
  const form = { ...received, entity: inTimeZone(received.entity, timeZone) }
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
