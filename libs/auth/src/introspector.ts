import { type IntrospectResponse, introspectResponse } from '@synap/contracts'
import { errorClass, SynapError, withDeadline } from '@synap/core'
import { hashApiKey, parseApiKey } from './api-key.ts'
import { BoundedCache } from './bounded-cache.ts'
import { type Credential, isExpired } from './credential.ts'

export interface IntrospectorOptions {
  /** `http://127.0.0.1:4001` */
  readonly ingestUrl: string
  /** The key of the service that asks; ingest may let its own network ask without one. */
  readonly serviceKey?: string | undefined
  readonly fetch?: typeof globalThis.fetch
  /** Milliseconds since 1970. */
  readonly clock?: () => number
  /** How long an answer counts as fresh; 30 s. */
  readonly freshMs?: number
  /** How long a known credential is honoured while ingest does not answer; 10 minutes since it was last confirmed. */
  readonly outageMs?: number
  /** How long one lookup may take; 2 s. */
  readonly timeoutMs?: number
  /** Credentials kept; 10,000. As many refusals are kept apart, so that guessing keys pushes nobody out. */
  readonly capacity?: number
}

export interface Introspector {
  /**
   * The credential of a key, or undefined when it is none (any more). Rejects with SynapError `auth.unavailable`
   * (dependency) when ingest does not answer and the key is not known well enough, and with `auth.service_refused`
   * (configuration) when ingest refuses this service.
   */
  credentialOf(key: string, signal?: AbortSignal): Promise<Credential | undefined>
}

interface Known {
  readonly credential: Credential
  readonly confirmedAt: number
}

/** After a failed lookup nothing is asked for this long: what is known is honoured, the rest refused at once. */
const pauseMs = 1_000

/** Looks keys up at ingest. Holds hashes of keys, never keys. */
export function createIntrospector(options: IntrospectorOptions): Introspector {
  const { clock = Date.now, freshMs = 30_000, outageMs = 600_000, capacity = 10_000 } = options
  const known = new BoundedCache<Known>(capacity)
  const refused = new BoundedCache<number>(capacity)
  const underway = new Map<string, Promise<Credential | undefined>>()
  let failedAt: number | undefined

  const lookUp = async (hash: string, key: string): Promise<Credential | undefined> => {
    const credential = await ask(options, key).catch((error: unknown) => {
      failedAt = clock()
      throw error
    })
    if (credential === undefined) {
      known.delete(hash)
      refused.set(hash, clock())
      return undefined
    }
    refused.delete(hash)
    known.set(hash, { credential, confirmedAt: clock() })
    return valid(credential)
  }

  /** A clock that was set back makes nothing younger than it is: it must be asked for again. */
  const isWithin = (since: number | undefined, ms: number) => {
    const age = since === undefined ? -1 : clock() - since
    return age >= 0 && age < ms
  }

  const valid = (credential: Credential) => (isExpired(credential, clock()) ? undefined : credential)

  /** One lookup per key at a time; it belongs to all who wait for it, so no single signal ends it. */
  const shared = (hash: string, key: string): Promise<Credential | undefined> => {
    const existing = underway.get(hash)
    if (existing !== undefined) return existing
    const asking = lookUp(hash, key).finally(() => underway.delete(hash))
    underway.set(hash, asking)
    return asking
  }

  return {
    async credentialOf(key, signal) {
      if (parseApiKey(key) === undefined) return undefined
      const hash = hashApiKey(key).toString('base64')
      const entry = known.get(hash)
      if (entry !== undefined && isWithin(entry.confirmedAt, freshMs)) return valid(entry.credential)
      if (isWithin(refused.get(hash), freshMs)) return undefined
      const honoured = entry !== undefined && isWithin(entry.confirmedAt, outageMs) ? entry : undefined
      try {
        if (isWithin(failedAt, pauseMs)) throw unavailable(undefined)
        return await abortable(shared(hash, key), signal)
      } catch (error) {
        if (signal?.aborted === true || errorClass(error) === 'bug') throw error
        if (honoured !== undefined) return valid(honoured.credential)
        throw error
      }
    },
  }
}

async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

async function ask(options: IntrospectorOptions, key: string): Promise<Credential | undefined> {
  const { ingestUrl, serviceKey, fetch = globalThis.fetch, timeoutMs = 2_000 } = options
  const answer = await withDeadline('introspection', timeoutMs, undefined, async (signal) => {
    const response = await fetch(new URL('/internal/introspect', ingestUrl), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(serviceKey === undefined ? {} : { authorization: `Bearer ${serviceKey}` }),
      },
      body: JSON.stringify({ key }),
      redirect: 'error',
      signal,
    })
    if (response.status === 401 || response.status === 403) {
      throw new SynapError('ingest refuses the key of this service', {
        code: 'auth.service_refused',
        class: 'configuration',
        fields: { status: response.status },
      })
    }
    if (!response.ok) throw unavailable(undefined, { status: response.status })
    return introspectResponse.parse(await response.json())
  }).catch((error: unknown) => {
    throw error instanceof SynapError ? error : unavailable(error)
  })
  return credentialIn(answer)
}

function credentialIn(answer: IntrospectResponse): Credential | undefined {
  if (!answer.active) return undefined
  const { userId, keyId, scopes, expiresAt } = answer
  return { userId, keyId, scopes, expiresAt: expiresAt === null ? null : Date.parse(expiresAt) }
}

function unavailable(cause: unknown, fields: Record<string, number> = {}): SynapError {
  return new SynapError('keys cannot be looked up', {
    code: 'auth.unavailable',
    class: 'dependency',
    cause,
    retryAfterMs: 1_000,
    fields,
  })
}
