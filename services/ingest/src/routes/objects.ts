import { SynapError } from '@synap/core'
import { type App, mayTake, open, problem } from '@synap/http'
import { answerLink, linkPath, type ObjectStore } from '@synap/object-store'
import type { FastifyReply, FastifyRequest } from 'fastify'

export interface ObjectRouteDependencies {
  store: ObjectStore
  /** Milliseconds that one file may take, either way. */
  uploadTimeoutMs: number
}

/**
 * `/objects/…`: presigned requests of a store that has no server of its own. They carry no credential but their signature,
 * which says what may be done: one object, one method, until a time; for a PUT the type, length and hash of the bytes.
 */
export function registerObjectRoutes(app: App, { store, uploadTimeoutMs }: ObjectRouteDependencies): void {
  if (store.links === null) return
  void app.register(async (scope) => {
    // Here a body is bytes, whatever type it says.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _body, done) => done(null))
    const config = { ...open(), ...mayTake(uploadTimeoutMs) }
    const schema = { hide: true }
    const answer = (request: FastifyRequest, reply: FastifyReply) => answerSigned(store, request, reply)
    scope.put(`${linkPath}*`, { schema, config, bodyLimit: Number.MAX_SAFE_INTEGER }, answer)
    scope.get(`${linkPath}*`, { schema, config, exposeHeadRoute: false }, answer)
  })
}

async function answerSigned(store: ObjectStore, request: FastifyRequest, reply: FastifyReply) {
  const { method, raw, signal } = request
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, value?.toString()]),
  )
  try {
    const answer = await answerLink(store, { method, url: raw.url ?? '', headers, body: raw, signal })
    if (answer.status === 403) throw refused(answer.why)
    reply.headers(answer.headers)
    return await reply.send(answer.body)
  } catch (error) {
    // What is still to come is read and dropped, so that the client can send it off and read the answer.
    raw.unpipe()
    raw.resume()
    throw explained(error)
  }
}

const refused = (why: 'expired' | 'not_signed') =>
  problem('forbidden', {
    detail: why === 'expired' ? 'This link has expired.' : 'This link was not made for this request.',
    extensions: { code: `link.${why}` },
  })

function explained(error: unknown): unknown {
  if (!(error instanceof SynapError)) return error
  if (error.code === 'object.not_found') return problem('notFound')
  if (error.code !== 'object.checksum_mismatch') return error
  const detail = 'These are not the bytes that were announced.'
  return problem('refused', { detail, extensions: { code: 'link.wrong_bytes' }, cause: error })
}
