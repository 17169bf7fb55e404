import {
  changeResponse,
  httpHeaders,
  type UploadRequest,
  uploadParams,
  uploadRequest,
  uploadView,
} from '@synap/contracts'
import { type App, expectedVersion, mayTake, problem, requires, takesTimeZone } from '@synap/http'
import type { FileLimits } from '../files/upload-config.ts'
import { callerOf, inTimeZone, requestKeyOf, timeZoneOf } from '../request-facts.ts'
import { completeUpload } from '../uploads/complete-upload.ts'
import { openUpload, type UploadDependencies, viewUpload } from '../uploads/open-upload.ts'
import { explained, numbersOrThrow } from './answer-change.ts'

export interface UploadRouteDependencies extends UploadDependencies {
  /** Of files that come into the store directly. */
  limits: FileLimits
  /** Milliseconds that looking at what was put may take. */
  uploadTimeoutMs: number
}

/** `/v1/uploads`: files that their owners put into the store themselves. */
export function registerUploadRoutes(app: App, dependencies: UploadRouteDependencies): void {
  registerOpen(app, dependencies)
  registerComplete(app, dependencies)
}

function registerOpen(app: App, dependencies: UploadRouteDependencies): void {
  const config = requires('write')
  const open = {
    summary: 'Announce a file; the answer says how to put it into the store',
    body: uploadRequest,
    response: { 201: uploadView },
  }
  app.post(
    '/v1/uploads',
    { schema: open, config: { ...config, ...takesTimeZone() } },
    async (request, reply) => {
      const body = uploadInTimeZone(request.body, timeZoneOf(request))
      const opened = await openUpload(dependencies, {
        caller: callerOf(request),
        body,
        request: requestKeyOf(request, body),
      })
      if (opened.outcome === 'mismatch') throw problem('idempotencyMismatch')
      if (opened.outcome === 'in_flight')
        throw problem('idempotencyInFlight', { retryAfter: opened.retryAfterMs / 1_000 })
      const { upload, replayed } = opened
      if (replayed) reply.header(httpHeaders.idempotencyReplayed, 'true')
      reply
        .code(201)
        .header(httpHeaders.location, `/v1/uploads/${upload.id}`)
        .header('cache-control', 'no-store')
      return upload
    },
  )

  const view = {
    summary: 'An upload, with a fresh request for its bytes while it is pending',
    params: uploadParams,
    response: { 200: uploadView },
  }
  app.get('/v1/uploads/:id', { schema: view, config }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    return viewUpload(dependencies, callerOf(request), request.params.id)
  })
}

/** The bytes come later, past this service: what is said about them now is kept until then. */
function uploadInTimeZone(body: UploadRequest, timeZone: string | undefined): UploadRequest {
  const { target } = body
  switch (target.kind) {
    case 'capture':
      return { ...body, target: { ...target, entity: inTimeZone(target.entity, timeZone) } }
    case 'content':
      return { ...body, target: inTimeZone(target, timeZone) }
    default:
      return body
  }
}

function registerComplete(app: App, dependencies: UploadRouteDependencies): void {
  const schema = {
    summary: 'The bytes are there: check them, and capture or change the item',
    params: uploadParams,
    response: { 200: changeResponse, 201: changeResponse },
  }
  const config = { ...requires('write'), ...mayTake(dependencies.uploadTimeoutMs) }
  app.post('/v1/uploads/:id([^:/]+)::complete', { schema, config }, async (request, reply) => {
    // It has its effect once as it is; a key is looked at all the same, so that a malformed one is not taken for good.
    requestKeyOf(request, null)
    const { upload, ...outcome } = await completeUpload(dependencies, {
      caller: callerOf(request),
      uploadId: request.params.id,
      expectedVersion: expectedVersion(request),
      signal: request.signal,
    }).catch(explained)
    const numbers = numbersOrThrow(request, reply, outcome)
    const isNew = upload.target.kind === 'capture'
    reply.code(isNew ? 201 : 200).header(httpHeaders.location, `/v1/entities/${upload.entity_id}`)
    return { ...numbers, id: upload.entity_id }
  })
}
