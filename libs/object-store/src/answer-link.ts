import type { Readable } from 'node:stream'
import { linkPath } from './folder-links.ts'
import type { ObjectStore, PresignedRequest } from './object-store.ts'

/** A request at the app, as it came in. */
export interface LinkRequest {
  method: string
  /** Path and query, as sent: `/objects/…?…`. */
  url: string
  headers: Readonly<Record<string, string | undefined>>
  body: Readable
  signal?: AbortSignal
}

export type LinkAnswer =
  | { status: 200; headers: PresignedRequest['headers']; body: Readable | null }
  /** Nothing was done. `expired` is said only of a link that was genuine. */
  | { status: 403; why: 'expired' | 'not_signed' }

/**
 * Does what a presigned request of a store that is served by the app asks for. Rejects as `put` and `get` of the store do:
 * `object.checksum_mismatch` for bytes that are not what was announced, `object.not_found`.
 */
export async function answerLink(
  store: ObjectStore,
  { method, url, headers, body, signal }: LinkRequest,
): Promise<LinkAnswer> {
  const [path = '', query = ''] = url.split('?', 2)
  // Keys need no escaping, so a path that has any is none of ours.
  const key = path.startsWith(linkPath) ? path.slice(linkPath.length) : ''
  const opened = store.links?.open({ method, key, query: new URLSearchParams(query), headers })
  if (opened === undefined || opened.outcome === 'refused')
    return { status: 403, why: opened?.why ?? 'not_signed' }
  const options = signal === undefined ? {} : { signal }
  if (opened.outcome === 'put') {
    const { size, sha256, contentType } = opened
    await store.put(opened.key, { stream: body, size, sha256 }, { contentType, ...options })
    return { status: 200, headers: {}, body: null }
  }
  const { info, length, stream } = await store.get(opened.key, options)
  return {
    status: 200,
    headers: {
      'content-type': opened.contentType ?? info.contentType,
      'content-length': String(length),
      'content-disposition': opened.disposition,
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, no-store',
    },
    body: stream,
  }
}
