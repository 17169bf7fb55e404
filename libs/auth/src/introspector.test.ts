import { uuidv7 } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { generateApiKey } from './api-key.ts'
import { createIntrospector, type IntrospectorOptions } from './introspector.ts'

const userId = uuidv7()
const active = (over: object = {}) => ({
  active: true,
  userId,
  keyId: 'key-1',
  scopes: ['read'],
  expiresAt: null,
  ...over,
})
const second = 1_000
const minute = 60 * second

/** ingest as the introspector sees it: one answer to all, or an error; every call is kept. */
function stubIngest(over: Partial<IntrospectorOptions> = {}) {
  const state = {
    now: 1_000_000_000,
    status: 200,
    body: active() as unknown,
    down: false,
    calls: [] as { url: string; headers: Record<string, string>; body: unknown }[],
  }
  const stub = async (url: URL, init: RequestInit) => {
    state.calls.push({
      url: url.href,
      headers: init.headers as Record<string, string>,
      body: JSON.parse(init.body as string),
    })
    await Promise.resolve()
    if (state.down) throw new TypeError('fetch failed')
    return new Response(JSON.stringify(state.body), { status: state.status })
  }
  const introspector = createIntrospector({
    ingestUrl: 'http://ingest.test',
    serviceKey: 'the-service-key',
    fetch: stub as unknown as typeof fetch,
    clock: () => state.now,
    ...over,
  })
  return { state, introspector }
}

describe('introspection', () => {
  it('given a key, ingest is asked once in 30 seconds and the credential is what it says', async () => {
    const { state, introspector } = stubIngest()
    const key = generateApiKey()
    const credential = await introspector.credentialOf(key)
    expect(credential).toEqual({ userId, keyId: 'key-1', scopes: ['read'], expiresAt: null })
    state.now += 30 * second - 1
    await introspector.credentialOf(key)
    expect(state.calls).toHaveLength(1)
    expect(state.calls[0]).toMatchObject({
      url: 'http://ingest.test/internal/introspect',
      body: { key },
      headers: { authorization: 'Bearer the-service-key' },
    })
    state.now += 1
    await introspector.credentialOf(key)
    expect(state.calls).toHaveLength(2)
  })

  it('given a text that is no key, it is refused without asking anybody', async () => {
    const { state, introspector } = stubIngest()
    expect(await introspector.credentialOf('syn_short')).toBeUndefined()
    expect(state.calls).toHaveLength(0)
  })

  it('given a key that ingest does not know, the refusal is remembered for 30 seconds', async () => {
    const { state, introspector } = stubIngest()
    state.body = { active: false }
    const key = generateApiKey()
    expect(await introspector.credentialOf(key)).toBeUndefined()
    expect(await introspector.credentialOf(key)).toBeUndefined()
    expect(state.calls).toHaveLength(1)
    state.now += 30 * second
    state.body = active()
    expect(await introspector.credentialOf(key)).toBeDefined()
  })

  it('given a key that was revoked, it is refused at the next look-up and not honoured in an outage after that', async () => {
    const { state, introspector } = stubIngest()
    const key = generateApiKey()
    await introspector.credentialOf(key)
    state.now += 31 * second
    state.body = { active: false }
    expect(await introspector.credentialOf(key)).toBeUndefined()
    state.now += 31 * second
    state.down = true
    await expect(introspector.credentialOf(key)).rejects.toMatchObject({ code: 'auth.unavailable' })
  })

  it('given an outage of ingest, a known key is honoured for 10 minutes since it was confirmed, then no longer', async () => {
    const { state, introspector } = stubIngest()
    const key = generateApiKey()
    await introspector.credentialOf(key)
    state.down = true
    state.now += 10 * minute - 1
    expect(await introspector.credentialOf(key)).toBeDefined()
    state.now += 1
    await expect(introspector.credentialOf(key)).rejects.toMatchObject({
      code: 'auth.unavailable',
      class: 'dependency',
    })
    state.down = false
    state.now += 2 * second
    expect(await introspector.credentialOf(key)).toBeDefined()
  })

  it('given an outage, ingest is tried once a second at most and unknown keys fail at once', async () => {
    const { state, introspector } = stubIngest()
    const key = generateApiKey()
    await introspector.credentialOf(key)
    state.now += minute
    state.down = true
    for (let request = 0; request < 20; request += 1)
      expect(await introspector.credentialOf(key)).toBeDefined()
    await expect(introspector.credentialOf(generateApiKey())).rejects.toMatchObject({ class: 'dependency' })
    expect(state.calls).toHaveLength(2)
    state.now += second
    await introspector.credentialOf(key)
    expect(state.calls).toHaveLength(3)
  })

  it.each([
    ['500', 500, active()],
    ['an answer of another shape', 200, { active: true, userId: 'nobody' }],
    ['an unknown scope', 200, active({ scopes: ['everything'] })],
  ])('given %s, a known key is honoured and an unknown one is not', async (_, status, body) => {
    const { state, introspector } = stubIngest()
    const key = generateApiKey()
    await introspector.credentialOf(key)
    state.now += minute
    Object.assign(state, { status, body })
    expect(await introspector.credentialOf(key)).toBeDefined()
    await expect(introspector.credentialOf(generateApiKey())).rejects.toMatchObject({
      code: 'auth.unavailable',
    })
  })

  it('given that ingest refuses this service, it is a matter of configuration', async () => {
    const { state, introspector } = stubIngest()
    state.status = 401
    await expect(introspector.credentialOf(generateApiKey())).rejects.toMatchObject({
      code: 'auth.service_refused',
      class: 'configuration',
    })
  })

  it('given an expiry, the key is refused from then on, also from the cache and in an outage', async () => {
    const { state, introspector } = stubIngest()
    const key = generateApiKey()
    state.body = active({ expiresAt: new Date(state.now + 5 * second).toISOString() })
    expect(await introspector.credentialOf(key)).toBeDefined()
    state.now += 5 * second
    expect(await introspector.credentialOf(key)).toBeUndefined()
    state.now += minute
    state.down = true
    expect(await introspector.credentialOf(key)).toBeUndefined()
  })

  it('given a silent ingest, the look-up ends at its deadline', async () => {
    const silent = ((_: URL, { signal }: RequestInit) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error))
      })) as unknown as typeof fetch
    const introspector = createIntrospector({ ingestUrl: 'http://ingest.test', fetch: silent, timeoutMs: 10 })
    await expect(introspector.credentialOf(generateApiKey())).rejects.toMatchObject({ class: 'dependency' })
  })

  it('given many requests with one key at once, ingest is asked once', async () => {
    const { state, introspector } = stubIngest()
    const key = generateApiKey()
    const found = await Promise.all(Array.from({ length: 50 }, () => introspector.credentialOf(key)))
    expect(found.every((credential) => credential !== undefined)).toBe(true)
    expect(state.calls).toHaveLength(1)
  })

  it('given a caller that gives up, the others still get their answer', async () => {
    const { introspector } = stubIngest()
    const key = generateApiKey()
    const gone = new AbortController()
    const first = introspector.credentialOf(key, gone.signal)
    const next = introspector.credentialOf(key)
    gone.abort(new Error('gone'))
    await expect(first).rejects.toThrow('gone')
    expect(await next).toBeDefined()
  })

  it('given more keys than it keeps, the one used longest ago is asked for again, and guesses push out none', async () => {
    const { state, introspector } = stubIngest({ capacity: 2 })
    const [a, b, c] = [generateApiKey(), generateApiKey(), generateApiKey()]
    for (const key of [a, b, a, c]) await introspector.credentialOf(key)
    expect(state.calls).toHaveLength(3)
    state.body = { active: false }
    for (let guess = 0; guess < 5; guess += 1) await introspector.credentialOf(generateApiKey())
    await introspector.credentialOf(a)
    await introspector.credentialOf(c)
    expect(state.calls).toHaveLength(8)
    await introspector.credentialOf(b)
    expect(state.calls).toHaveLength(9)
  })

  it('given a clock that is set back, nothing becomes fresh for longer', async () => {
    const { state, introspector } = stubIngest()
    const key = generateApiKey()
    await introspector.credentialOf(key)
    state.now -= 60 * minute
    await introspector.credentialOf(key)
    expect(state.calls).toHaveLength(2)
  })
})
