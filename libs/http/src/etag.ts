import type { FastifyReply, FastifyRequest } from 'fastify'
import { problem } from './problem.ts'

/** The entity tag of an aggregate's version: strong, `"7"`. */
export function etagOf(version: number): string {
  return `"${version}"`
}

/** Sets `ETag`; true when the client has that version already, so that the answer is 304 without a body. */
export function notModified(request: FastifyRequest, reply: FastifyReply, etag: string): boolean {
  reply.header('etag', etag)
  const wanted = request.headers['if-none-match']
  if (wanted === undefined) return false
  // Weak comparison (RFC 9110, 13.1.2): a proxy may have made the tag weak.
  const same =
    wanted === '*' || tagsOf(wanted).some((tag) => tag.replace(/^W\//, '') === etag.replace(/^W\//, ''))
  if (same) reply.code(304)
  return same
}

/** The version that `If-Match` asks for; undefined without the header or with `*`. Anything but one of our tags: 400. */
export function expectedVersion(request: FastifyRequest): number | undefined {
  const header = request.headers['if-match']
  if (header === undefined || header.trim() === '*') return undefined
  const version = /^"(\d{1,10})"$/.exec(header.trim())?.[1]
  if (version === undefined) {
    throw problem('validation', {
      errors: [{ path: 'headers.if-match', message: 'must be one ETag of this API' }],
    })
  }
  return Number(version)
}

function tagsOf(header: string): string[] {
  return header.slice(0, 4_096).match(/(?:W\/)?"[^"]*"/g) ?? []
}
