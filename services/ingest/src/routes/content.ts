import {
  attachmentForm,
  type ContentRequest,
  changeResponse,
  contentRequest,
  entityParams,
} from '@synap/contracts'
import type { EntityId } from '@synap/core'
import { type App, expectedVersion, problem, requires, takesFileForm, takesTimeZone } from '@synap/http'
import { contentKey } from '@synap/object-store'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { askedToAttach } from '../attachments/attach-file.ts'
import type { RequestKey } from '../caller.ts'
import { type NewContent, textContent } from '../capture-entity.ts'
import { contentOf } from '../files/capture-file.ts'
import { putAndRun } from '../files/put-and-run.ts'
import { readSingleFile } from '../files/read-file-form.ts'
import { assertTakesWrites } from '../outbox-watch.ts'
import { readAggregates } from '../read-aggregates.ts'
import { callerOf, requestKeyOf, timeZoneOf } from '../request-facts.ts'
import { answerChange, explained, numbersOrThrow } from './answer-change.ts'
import type { EntityRouteDependencies } from './entities.ts'

/** `PUT /v1/entities/{id}/content`: Markdown in JSON, or a form with one file. */
export function registerContentRoute(app: App, dependencies: EntityRouteDependencies): void {
  const { spool, outbox, uploadTimeoutMs } = dependencies
  const schema = {
    summary: 'New content for an entity, or none; undo brings back what was there',
    params: entityParams,
    body: { content: { 'application/json': { schema: contentRequest } } },
    response: { 200: changeResponse },
  }
  const config = {
    ...requires('write'),
    ...takesTimeZone(),
    ...takesFileForm(attachmentForm, uploadTimeoutMs),
  }
  app.put('/v1/entities/:id/content', { schema, config }, async (request, reply) => {
    const { id: entityId } = request.params
    const timeZone = timeZoneOf(request)
    const inZone = (body: object) => (timeZone === undefined ? body : { ...body, timeZone })
    if (!request.isMultipart()) {
      // Validated by the schema of its media type.
      const { content } = request.body as ContentRequest
      if (content !== null) {
        return replaceContent(dependencies, request, reply, {
          entityId,
          content: textContent(content),
          timeZone,
          key: requestKeyOf(request, inZone({ content })),
        })
      }
      return answerChange(dependencies, request, reply, {
        about: entityId,
        command: () => ({ kind: 'replaceContent', entityId, content: null, preview: null }),
      })
    }
    // All of it before anything is taken in: a refusal should not cost an upload.
    requestKeyOf(request, null)
    expectedVersion(request)
    assertTakesWrites(outbox)
    await typeOf(dependencies, request, entityId)
    const form = await readSingleFile(request, spool)
    try {
      const key = requestKeyOf(request, inZone(askedToAttach(form)))
      return await replaceContent(dependencies, request, reply, {
        entityId,
        content: contentOf(form.file),
        timeZone,
        key,
      })
    } finally {
      await form.file.close()
    }
  })
}

interface NewContentOf {
  entityId: EntityId
  content: NewContent
  timeZone: string | undefined
  key: RequestKey | null
}

async function replaceContent(
  dependencies: EntityRouteDependencies,
  request: FastifyRequest,
  reply: FastifyReply,
  { entityId, content, timeZone, key }: NewContentOf,
) {
  const caller = callerOf(request)
  const { sha256, kind, preview } = content
  const entityType = await typeOf(dependencies, request, entityId)
  const { extension } = kind
  const outcome = await putAndRun(dependencies, {
    caller,
    request: key,
    about: entityId,
    expectedVersion: expectedVersion(request),
    objectKey: contentKey({ userId: caller.userId, entityType, entityId, sha256, extension }),
    content,
    command: (file) => ({ kind: 'replaceContent', entityId, content: file, preview, timeZone }),
    signal: request.signal,
  }).catch(explained)
  return { ...numbersOrThrow(request, reply, outcome), id: entityId }
}

/** Throws the problem `notFound` before anything is put. */
async function typeOf(
  { pool }: EntityRouteDependencies,
  request: FastifyRequest,
  entityId: EntityId,
): Promise<string> {
  const entity = (await readAggregates(pool, callerOf(request).userId, [entityId])).get(entityId)
  if (entity?.aggregate !== 'entity') throw problem('notFound')
  return entity.type
}
