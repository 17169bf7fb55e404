import { createHmac, timingSafeEqual } from 'node:crypto'
import { contentDisposition } from './file-names.ts'
import { assertKey, safeName } from './keys.ts'
import type { ObjectStore, PresignedRequest, SelfServedLinks, SignedRequest } from './object-store.ts'
import { presignSeconds } from './presign-seconds.ts'

/** What presigned requests of a folder need: somebody who answers them, and a secret that nobody else has. */
export interface LinkSigning {
  /** Where the app is reached that answers them; asked each time. Without a slash at its end. */
  baseUrl: () => string
  /** At least 32 bytes. */
  secret: Uint8Array
}

/** Below this path of the app a key is an object. */
export const linkPath = '/objects/'

const names = { expires: 'expires', name: 'name', type: 'type', signature: 'signature' } as const
/** Sent as headers, and signed: what is sent has to be what was announced. The last as S3 names it. */
const putHeaders = ['content-type', 'content-length', 'x-amz-checksum-sha256'] as const

interface Grant {
  method: string
  key: string
  /** Seconds since 1970. */
  expires: number
  name: string | null
  type: string | null
  headers: readonly string[]
}

/** Presigned requests that the app itself answers, see `answerLink`. */
export function createLinks(
  { baseUrl, secret }: LinkSigning,
  now: () => number = Date.now,
): Pick<ObjectStore, 'presignGet' | 'presignPut'> & { links: SelfServedLinks } {
  const sign = (grant: Grant) => createHmac('sha256', secret).update(canonical(grant)).digest('base64url')
  const linkTo = (grant: Grant, headers: Record<string, string>): PresignedRequest => {
    const url = new URL(`${baseUrl()}${linkPath}${grant.key}`)
    url.searchParams.set(names.expires, String(grant.expires))
    if (grant.name !== null) url.searchParams.set(names.name, grant.name)
    if (grant.type !== null) url.searchParams.set(names.type, grant.type)
    url.searchParams.set(names.signature, sign(grant))
    return { url: url.href, headers }
  }
  const expiry = (expiresIn: number | undefined) => Math.floor(now() / 1_000) + presignSeconds(expiresIn)
  return {
    presignGet: async (key, { expiresIn, downloadName, contentType } = {}) => {
      assertKey(key)
      const grant = { method: 'GET', key, expires: expiry(expiresIn), headers: [] }
      return linkTo({ ...grant, name: downloadName ?? null, type: contentType ?? null }, {})
    },
    presignPut: async (key, { expiresIn, contentType, size, sha256 }) => {
      assertKey(key)
      const values = [contentType, String(size), Buffer.from(sha256, 'hex').toString('base64')]
      const headers = Object.fromEntries(putHeaders.map((name, index) => [name, values[index] ?? '']))
      const grant = {
        method: 'PUT',
        key,
        expires: expiry(expiresIn),
        name: null,
        type: null,
        headers: values,
      }
      return linkTo(grant, headers)
    },
    links: {
      open: (request) => {
        const grant = grantOf(request)
        if (grant === undefined) return { outcome: 'refused', why: 'not_signed' }
        const expected = Buffer.from(sign(grant))
        const given = Buffer.from(request.query.get(names.signature) ?? '')
        if (given.length !== expected.length || !timingSafeEqual(given, expected))
          return { outcome: 'refused', why: 'not_signed' }
        if (grant.expires * 1_000 <= now()) return { outcome: 'refused', why: 'expired' }
        const { key, headers, type } = grant
        if (grant.method === 'GET') {
          const name = grant.name ?? key
          return {
            outcome: 'get',
            key,
            contentType: type,
            disposition: contentDisposition(name, safeName(name)),
          }
        }
        const [contentType = '', size = '', digest = ''] = headers
        const sha256 = Buffer.from(digest, 'base64').toString('hex')
        return { outcome: 'put', key, contentType, size: Number(size), sha256 }
      },
    },
  }
}

/** What a request asks for, before it is known whether anybody signed it. Each name of the query comes once, and no other. */
function grantOf({ method, key, query, headers }: SignedRequest): Grant | undefined {
  const known = new Set<string>(Object.values(names))
  const seen = [...query.keys()]
  if (new Set(seen).size !== seen.length || seen.some((name) => !known.has(name))) return undefined
  const expires = query.get(names.expires) ?? ''
  if (!/^\d{1,12}$/.test(expires) || (method !== 'GET' && method !== 'PUT')) return undefined
  try {
    assertKey(key)
  } catch {
    return undefined
  }
  const sent = putHeaders.map((name) => headers[name] ?? '')
  return {
    method,
    key,
    expires: Number(expires),
    name: query.get(names.name),
    type: query.get(names.type),
    headers: method === 'PUT' ? sent : [],
  }
}

/** As JSON, so that no value can reach into the next one. */
const canonical = ({ method, key, expires, name, type, headers }: Grant) =>
  JSON.stringify(['synap-link-v1', method, key, expires, name, type, headers])
