import { setTimeout } from 'node:timers/promises'
import { problems } from '@synap/contracts'
import { afterEach, describe, expect, it } from 'vitest'
import { ann, bob, buildFixture, type Fixture } from '../test/fixture.ts'
import { open } from './index.ts'

let fixture: Fixture | undefined
const start = async (...args: Parameters<typeof buildFixture>) => (fixture = await buildFixture(...args))
afterEach(async () => {
  await fixture?.app.close()
  fixture = undefined
})

const as = (key: string, more: Record<string, string> = {}) => ({ authorization: `Bearer ${key}`, ...more })
const json = { 'content-type': 'application/json' }
const post = (payload: string | Buffer, headers: Record<string, string> = {}) => ({
  method: 'POST' as const,
  url: '/v1/things',
  headers: { ...as('syn_writer'), ...json, ...headers },
  payload,
})

describe('input', () => {
  it('given a good body, it arrives and the answer has only what its schema names', async () => {
    const { app } = await start()
    const answer = await app.inject(post('{"name":"a","tags":["b"]}'))
    expect(answer.statusCode).toBe(201)
    expect(answer.json()).toEqual({ id: 'a', owner: ann })
    expect(answer.headers['synap-correlation-id']).toMatch(/^[0-9a-f]{32}$/)
  })

  it('given several faults, the problem names every field and strips or coerces nothing', async () => {
    const { app } = await start()
    const answer = await app.inject(post('{"name":"","size":"5","userId":"x","version":3,"tags":["a",1]}'))
    expect(answer.statusCode).toBe(400)
    expect(answer.headers['content-type']).toContain('application/problem+json')
    const body = answer.json<{ type: string; errors: { path: string }[] }>()
    expect(body.type).toBe(problems.validation.type)
    expect(body.errors.map((error) => error.path).sort()).toEqual([
      'body.name',
      'body.size',
      'body.tags.1',
      'body.userId',
      'body.version',
    ])
  })

  const hostile: [what: string, payload: string | Buffer][] = [
    ['a NUL character', '{"name":"a\\u0000"}'],
    ['a lone surrogate', '{"name":"\\ud800"}'],
    ['nesting 200,000 levels deep', '['.repeat(200_000) + ']'.repeat(200_000)],
    ['the key __proto__', '{"name":"a","__proto__":{"x":1}}'],
    ['a NUL in a key', '{"name":"a","x\\u0000":1}'],
    ['bytes that are not UTF-8', Buffer.from('{"name":"\u00ff"}', 'latin1')],
    ['no JSON', '{"name":'],
    ['nothing', ''],
    ['a million elements', `{"name":"a","tags":[${'0,'.repeat(999_999)}0]}`],
  ]
  for (const [what, payload] of hostile) {
    it(`given a body with ${what}, the answer is 400`, async () => {
      const { app } = await start()
      const answer = await app.inject(post(payload))
      expect(answer.statusCode).toBe(400)
      expect(answer.headers['content-type']).toContain('application/problem+json')
      expect(answer.body.length).toBeLessThan(40_000)
    })
  }

  it('given more values than anybody means, the answer says so, before a validator looks at each', async () => {
    const { app } = await start()
    const items = await app.inject(post(`{"name":"a","tags":[${'0,'.repeat(200_000)}0]}`))
    const fields = Object.fromEntries(Array.from({ length: 100_001 }, (_, index) => [`k${index}`, 1]))
    const keys = await app.inject(post(JSON.stringify(fields)))
    for (const answer of [items, keys]) {
      expect(answer.statusCode).toBe(400)
      expect(answer.json<{ errors: object[] }>().errors).toMatchObject([
        { message: 'must not hold more than 100000 values' },
      ])
    }
  })

  it('given NUL or broken escapes in the address, the answer is 400', async () => {
    const { app } = await start()
    for (const url of ['/v1/things/%00', '/v1/things/a?limit=%00', '/v1/things/%ff', '/v1/things/a?foo=1']) {
      const answer = await app.inject({ url, headers: as('syn_reader') })
      expect([url, answer.statusCode]).toEqual([url, 400])
      expect(answer.json()).toHaveProperty('type')
    }
  })

  it('given a body beyond the limit, 413; of another type or compressed, 415', async () => {
    const { app } = await start({ bodyLimit: 100 })
    expect((await app.inject(post(`{"name":"${'a'.repeat(200)}"}`))).statusCode).toBe(413)
    expect((await app.inject(post('<a/>', { 'content-type': 'text/xml' }))).statusCode).toBe(415)
    expect((await app.inject(post('x', { 'content-encoding': 'gzip' }))).statusCode).toBe(415)
  })
})

describe('access', () => {
  it('given no key, a wrong one or one in the wrong place, 401 with a challenge', async () => {
    const { app } = await start()
    for (const headers of [
      {},
      as('syn_unknown'),
      { authorization: 'Basic syn_reader' },
      as('syn_reader x'),
    ]) {
      const answer = await app.inject({ url: '/v1/things/a', headers })
      expect(answer.statusCode).toBe(401)
      expect(answer.headers['www-authenticate']).toContain('Bearer')
    }
    expect((await app.inject({ url: '/v1/things/a?token=syn_reader' })).statusCode).toBe(401)
  })

  it('given a key without the scope, 403; and the body is not even read', async () => {
    const { app } = await start()
    expect((await app.inject(post('{', as('syn_reader')))).statusCode).toBe(403)
    expect((await app.inject(post('{', { authorization: '' }))).statusCode).toBe(401)
  })

  it('given Synap-User, only act:any may act for that user', async () => {
    const { app } = await start()
    const acting = await app.inject(post('{"name":"a"}', as('syn_service', { 'synap-user': ann })))
    expect(acting.json()).toEqual({ id: 'a', owner: ann })
    expect((await app.inject(post('{"name":"a"}', as('syn_service')))).json()).toEqual({
      id: 'a',
      owner: bob,
    })
    expect((await app.inject(post('{"name":"a"}', { 'synap-user': bob }))).statusCode).toBe(403)
    expect(
      (await app.inject(post('{"name":"a"}', as('syn_service', { 'synap-user': 'me' })))).statusCode,
    ).toBe(400)
  })

  it('given keys that cannot be looked up, 503 with Retry-After', async () => {
    const { app } = await start()
    const answer = await app.inject({ url: '/v1/things/a', headers: as('syn_away') })
    expect(answer.statusCode).toBe(503)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  })

  it('given a route that does not say who may call it, it cannot be registered', async () => {
    const { app } = await start()
    expect(() => app.get('/forgotten', async () => 'x')).toThrow(/does not say who may call it/)
  })
})

describe('errors', () => {
  it('given any failure, the answer is a problem with a stable type and nothing from inside', async () => {
    const { app, lines } = await start()
    const cases = {
      dependency: 'unavailable',
      configuration: 'unavailable',
      damaged: 'contentDamaged',
      bug: 'internal',
    } as const
    for (const [how, kind] of Object.entries(cases)) {
      const answer = await app.inject({ url: `/fail/${how}` })
      expect(answer.statusCode).toBe(problems[kind].status)
      expect(answer.json<{ type: string }>().type).toBe(problems[kind].type)
      expect(answer.body).not.toMatch(/secret|db\.internal|\.ts|select|no table/)
    }
    const bug = lines.find(
      (line) =>
        line['msg'] === 'a request failed by our own fault' && JSON.stringify(line).includes('TypeError'),
    )
    expect(bug).toBeDefined()
    expect((await app.inject({ url: '/fail/dependency' })).headers['retry-after']).toBe('7')
  })

  it('given an answer that breaks its own schema, 500 and not the data', async () => {
    const { app } = await start()
    const answer = await app.inject({ url: '/badly-typed-answer' })
    expect(answer.statusCode).toBe(500)
    expect(answer.body).not.toContain('secret')
  })

  it('given an unknown route or id, the same 404', async () => {
    const { app } = await start()
    const route = await app.inject({ url: '/nowhere', headers: as('syn_reader') })
    const id = await app.inject({ url: '/v1/things/missing', headers: as('syn_reader') })
    expect([route.statusCode, id.statusCode]).toEqual([404, 404])
    expect(Object.keys(route.json<object>())).toEqual(Object.keys(id.json<object>()))
  })

  it('given a handler that hangs, 503 when the time is over, and its signal aborts', async () => {
    const { app } = await start({ handlerTimeoutMs: 50 })
    const answer = await app.inject({ url: '/fail/hang' })
    expect(answer.statusCode).toBe(503)
    expect(answer.headers['retry-after']).toBeDefined()
  })
})

describe('the signal of a request', () => {
  const listening = async (handler: (signal: AbortSignal) => Promise<unknown>, handlerTimeoutMs = 5_000) => {
    const { app } = await start({ handlerTimeoutMs })
    app.post('/signal', { config: open() }, (request) => handler(request.signal))
    return app.listen({ host: '127.0.0.1', port: 0 })
  }
  const send = (url: string, signal?: AbortSignal) =>
    fetch(`${url}/signal`, { method: 'POST', headers: json, body: '{}', ...(signal && { signal }) })

  it('given a body that was read, it has not aborted while the handler works', async () => {
    const url = await listening(async (signal) => {
      await setTimeout(20)
      return { aborted: signal.aborted }
    })
    expect(await (await send(url)).json()).toEqual({ aborted: false })
  })

  it('given a POST whose handler hangs, 503 when the time is over, and it aborts', async () => {
    const aborted = Promise.withResolvers<void>()
    const url = await listening(async (signal) => {
      signal.addEventListener('abort', () => aborted.resolve())
      await new Promise(() => undefined)
    }, 50)
    const answer = await send(url)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2'])
    await aborted.promise
  })

  it('given a client that leaves, it aborts', async () => {
    const [began, aborted] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const url = await listening(async (signal) => {
      signal.addEventListener('abort', () => aborted.resolve())
      began.resolve()
      await aborted.promise
      throw signal.reason
    })
    const leaving = new AbortController()
    const answer = send(url, leaving.signal)
    await began.promise
    leaving.abort()
    await expect(answer).rejects.toThrow('aborted')
    await aborted.promise
  })
})

describe('limits and documents', () => {
  it('given too many requests of one key, 429 with the headers; another key and services go on', async () => {
    const { app } = await start({ limits: { requestsPerMinute: 2 } })
    const call = (key: string) => app.inject({ url: '/v1/things/a', headers: as(key) })
    const first = await call('syn_reader')
    expect(first.headers).toMatchObject({ 'ratelimit-limit': '2', 'ratelimit-remaining': '1' })
    await call('syn_reader')
    const third = await call('syn_reader')
    expect(third.statusCode).toBe(429)
    expect(third.json<{ type: string }>().type).toBe(problems.rateLimited.type)
    expect(Number(third.headers['retry-after'])).toBeGreaterThan(0)
    expect((await call('syn_writer')).statusCode).toBe(200)
    for (let i = 0; i < 5; i += 1) expect((await call('syn_service')).statusCode).toBe(200)
  })

  it('given ETags, 304 for the version at hand and 400 for a foreign If-Match', async () => {
    const { app } = await start()
    const call = (headers: Record<string, string>) =>
      app.inject({ url: '/v1/things/a', headers: as('syn_reader', headers) })
    expect((await call({})).headers['etag']).toBe('"7"')
    expect((await call({ 'if-none-match': '"6", W/"7"' })).statusCode).toBe(304)
    expect((await call({ 'if-none-match': '"6"' })).statusCode).toBe(200)
    expect((await call({ 'if-match': '"3"' })).json()).toEqual({ version: 3 })
    expect((await call({ 'if-match': 'seven' })).statusCode).toBe(400)
  })

  it('given no key, OpenAPI 3.1 names routes, scopes and problems; the page loads nothing from elsewhere', async () => {
    const { app } = await start()
    const document = (await app.inject({ url: '/openapi.json' })).json<Record<string, never>>()
    expect(document).toMatchObject({
      openapi: '3.1.0',
      paths: {
        '/v1/things': {
          post: {
            security: [{ bearer: ['write'] }],
            responses: { 201: {}, default: { content: { 'application/problem+json': {} } } },
          },
        },
      },
    })
    const page = await app.inject({ url: '/docs/' })
    expect(page.statusCode).toBe(200)
    expect(page.headers['content-security-policy']).toContain("default-src 'none'")
    expect(page.body.match(/(?:src|href)="https?:/g)).toBeNull()
    expect((await app.inject({ url: '/docs/js/scalar.js' })).statusCode).toBe(200)
  })

  it('given answered requests, each is one log line without query or key', async () => {
    const { app, lines } = await start()
    await app.inject({ url: '/v1/things/a?limit=5', headers: as('syn_reader') })
    const [line] = lines.filter((item) => item['msg'] === 'answered a request')
    expect(line).toMatchObject({ method: 'GET', route: '/v1/things/:id', status: 200, userId: ann })
    expect(JSON.stringify(lines)).not.toMatch(/limit=5|syn_reader/)
  })
})
