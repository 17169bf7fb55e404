import { Readable } from 'node:stream'
import { type AsOf, asOf, attachmentParams, entityParams, readOptions } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import { type App, notModified, ProblemError, problem, requires, streamsAnswer } from '@synap/http'
import { contentDisposition, type ObjectStore, safeName } from '@synap/object-store'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { answerRead } from '../answer-read.ts'
import { type ByteRange, parseRange } from '../byte-range.ts'
import { type Files, filesOfRow, filesOfState } from '../files-of.ts'
import { type Content, openContent } from '../open-content.ts'
import { answerPast, findPast } from '../past.ts'
import type { ReadModel, Snapshot } from '../read-model.ts'
import { findEntity } from '../sql/find-entities.ts'

const contentQuery = z.strictObject({
  ...readOptions,
  as_of: asOf.optional(),
  /** Answer with a link to the object store instead, valid for five minutes. */
  redirect: z.literal('1').optional(),
})

const linkSeconds = 300

const bytes = { content: { 'application/octet-stream': { schema: z.unknown() } } }
const response = {
  200: { description: 'Its bytes, under their own media type.', ...bytes },
  206: { description: 'The range that was asked for.', ...bytes },
}

/** `GET /v1/entities/{id}/content` and `…/attachments/{key}`: always a download, never a page of this origin. */
export function registerGetContent(
  app: App,
  { readModel, eventLog, store }: { readModel: ReadModel; eventLog: ReadModel; store: ObjectStore },
): void {
  const config = { ...requires('read'), ...streamsAnswer() }
  const answer = async (
    request: FastifyRequest<{
      Params: { id: EntityId }
      Querystring: { redirect?: '1' | undefined; as_of?: AsOf | undefined }
    }>,
    reply: FastifyReply,
    pick: (files: Files) => Content | undefined,
  ) => {
    const { id } = request.params
    const { as_of: asOf } = request.query
    const files =
      asOf === undefined
        ? await answerRead(readModel, request, reply, (snapshot) => findFiles(snapshot, id), {
            aggregateId: id,
          })
        : await answerPast(eventLog, request, reply, asOf, async (snapshot, moment) => {
            const past = await findPast(snapshot, request, id, moment)
            return past === undefined ? undefined : filesOfState(past.state)
          })
    const content = files === undefined ? undefined : pick(files)
    if (content === undefined) throw problem('notFound')
    if (request.query.redirect === '1' && store.canPresign) {
      const { url } = await store.presignGet(content.key, {
        expiresIn: linkSeconds,
        downloadName: content.fileName,
        contentType: content.contentType,
      })
      return reply.header('cache-control', 'no-store').redirect(url, 307)
    }
    const etag = `"${content.sha256}"`
    if (notModified(request, reply, etag)) return reply.send()
    return sendContent(request, reply, store, content)
  }
  const querystring = contentQuery
  const whole = { summary: "An entity's content", params: entityParams, querystring, response }
  app.get('/v1/entities/:id/content', { schema: whole, config }, (request, reply) =>
    answer(request, reply, ({ main }) => main),
  )
  const attached = {
    summary: 'A file that is attached to an entity',
    params: attachmentParams,
    querystring,
    response,
  }
  app.get('/v1/entities/:id/attachments/:key', { schema: attached, config }, (request, reply) =>
    answer(request, reply, ({ attached }) => attached.get(request.params.key)),
  )
}

async function findFiles({ client, schema }: Snapshot, id: EntityId): Promise<Files | undefined> {
  const row = await findEntity(client, schema, id)
  return row === undefined ? undefined : filesOfRow(row)
}

async function sendContent(
  request: FastifyRequest,
  reply: FastifyReply,
  store: ObjectStore,
  content: Content,
) {
  const range = requestedRange(request, reply, content)
  const { length, body } = await bodyOf(request, store, content, range)
  reply
    .header('content-type', content.contentType)
    .header('content-length', String(length))
    .header('content-disposition', contentDisposition(content.fileName, safeName(content.fileName)))
    .header('content-security-policy', "default-src 'none'; sandbox")
    .header('x-content-type-options', 'nosniff')
    .header('accept-ranges', 'bytes')
    .header('cache-control', 'private, no-cache')
  if (range !== undefined) {
    reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${content.size}`)
  }
  return reply.send(body)
}

async function bodyOf(
  request: FastifyRequest,
  store: ObjectStore,
  content: Content,
  range: ByteRange | undefined,
): Promise<{ length: number; body: Buffer | Readable }> {
  const length = range === undefined ? content.size : range.end - range.start + 1
  // The framework reads the body of a HEAD to its end, only to drop it.
  if (request.method === 'HEAD') return { length, body: Readable.from([]) }
  try {
    return await openContent(store, content, range, request.signal)
  } catch (error) {
    // Damage is logged as an error where every request is; a missing object looks like a client's mistake there.
    if (error instanceof ProblemError) request.log.error({ key: content.key }, 'stored content is missing')
    throw error
  }
}

/** The part that is asked for; undefined = all of it. */
function requestedRange(
  request: FastifyRequest,
  reply: FastifyReply,
  content: Content,
): ByteRange | undefined {
  const condition = request.headers['if-range']
  if (condition !== undefined && condition !== `"${content.sha256}"`) return undefined
  const range = parseRange(request.headers.range, content.size)
  if (range !== 'unsatisfiable') return range
  reply.header('content-range', `bytes */${content.size}`)
  throw problem('rangeNotSatisfiable')
}
