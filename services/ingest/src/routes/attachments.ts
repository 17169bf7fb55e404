import {
  attachmentForm,
  attachmentParams,
  attachmentResponse,
  changeResponse,
  entityParams,
  httpHeaders,
} from '@synap/contracts'
import { type App, expectedVersion, problem, requires, takesFileForm } from '@synap/http'
import { askedToAttach, attachFile, attachmentKeyOf } from '../attachments/attach-file.ts'
import { readSingleFile } from '../files/read-file-form.ts'
import { assertTakesWrites } from '../outbox-watch.ts'
import { readAggregates } from '../read-aggregates.ts'
import { callerOf, requestKeyOf } from '../request-facts.ts'
import { answerChange, explained, numbersOrThrow } from './answer-change.ts'
import type { EntityRouteDependencies } from './entities.ts'

/** `/v1/entities/{id}/attachments`: files of an entity besides its content. */
export function registerAttachmentRoutes(app: App, dependencies: EntityRouteDependencies): void {
  registerAttach(app, dependencies)
  registerRemove(app, dependencies)
}

function registerAttach(app: App, dependencies: EntityRouteDependencies): void {
  const { pool, spool, outbox, uploadTimeoutMs } = dependencies
  const schema = {
    summary: 'Attach a file',
    params: entityParams,
    response: { 200: attachmentResponse, 201: attachmentResponse },
  }
  const config = { ...requires('write'), ...takesFileForm(attachmentForm, uploadTimeoutMs) }
  app.post('/v1/entities/:id/attachments', { schema, config }, async (request, reply) => {
    const caller = callerOf(request)
    const { id: entityId } = request.params
    if (!request.isMultipart())
      throw problem('unsupportedMediaType', { detail: 'A form with a file is expected.' })
    // All of it before anything is taken in: a refusal should not cost an upload.
    requestKeyOf(request, null)
    const version = expectedVersion(request)
    assertTakesWrites(outbox)
    const there = await readAggregates(pool, caller.userId, [entityId])
    if (there.get(entityId)?.aggregate !== 'entity') throw problem('notFound')
    const form = await readSingleFile(request, spool)
    try {
      const { outcome, attachment } = await attachFile(dependencies, {
        caller,
        entityId,
        expectedVersion: version,
        form,
        request: requestKeyOf(request, askedToAttach(form)),
        signal: request.signal,
      }).catch(explained)
      const numbers = numbersOrThrow(request, reply, outcome)
      reply.code(outcome.outcome === 'unchanged' ? 200 : 201)
      reply.header(httpHeaders.location, `/v1/entities/${entityId}/attachments/${attachment.key}`)
      return { ...numbers, id: entityId, attachment }
    } finally {
      await form.file.close()
    }
  })
}

function registerRemove(app: App, dependencies: EntityRouteDependencies): void {
  const schema = {
    summary: 'Take an attachment off; undo puts it back',
    params: attachmentParams,
    response: { 200: changeResponse },
  }
  app.delete(
    '/v1/entities/:id/attachments/:key',
    { schema, config: requires('write') },
    async (request, reply) => {
      const { id: entityId } = request.params
      const key = attachmentKeyOf(callerOf(request), request.params.key)
      return answerChange(dependencies, request, reply, {
        about: entityId,
        command: () => ({ kind: 'removeAttachment', entityId, key }),
      })
    },
  )
}
