import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { buildFixture, type Fixture } from '../test/fixture.ts'
import { requires } from './index.ts'

let fixture: Fixture | undefined
afterEach(() => fixture?.app.close())

const headers = { authorization: 'Bearer syn_writer' }
const json = { ...headers, 'content-type': 'application/json' }

describe('input that no route asked for', () => {
  it('given a query at a route that takes none, 400 names it', async () => {
    const { app } = (fixture = await buildFixture())
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/things?userId=x',
      headers: json,
      payload: '{"name":"a"}',
    })
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({ errors: [{ path: 'query.userId', message: 'is not known' }] })
    expect((await app.inject({ url: '/openapi.json?x=1' })).statusCode).toBe(200)
  })

  it('given a query that is not as it must be, the problem says query', async () => {
    const { app } = (fixture = await buildFixture())
    const answer = await app.inject({ url: '/v1/things/a?limit=x&limits=1', headers })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().errors.map(({ path }: { path: string }) => path)).toEqual([
      'query.limit',
      'query.limits',
    ])
  })

  it.each(['limit=100%', 'limit=%ED%A0%80', 'limit=%FF', '%C3=1'])(
    'given the query %s, 400',
    async (query) => {
      const { app } = (fixture = await buildFixture())
      const answer = await app.inject({ url: `/v1/things/a?${query}`, headers })
      expect(answer.statusCode).toBe(400)
      expect(answer.json()).toMatchObject({
        type: 'urn:synap:problem:malformed',
        detail: 'The query is not percent-encoded UTF-8.',
      })
    },
  )

  it('given a name in the address that is longer than any, 400', async () => {
    const { app } = (fixture = await buildFixture())
    expect((await app.inject({ url: `/v1/things/${'a'.repeat(600)}`, headers })).statusCode).toBe(400)
  })

  it('given neither body nor media type, 400 also where the schema depends on the media type', async () => {
    const { app } = (fixture = await buildFixture())
    const body = { content: { 'application/json': { schema: z.strictObject({ n: z.int() }) } } }
    app.post('/by-type', { config: requires('write'), schema: { body } }, async () => ({ ok: true }))
    const call = (more: object) => app.inject({ method: 'POST', url: '/by-type', headers, ...more })
    expect((await call({})).statusCode).toBe(400)
    expect((await call({ headers: json, payload: '{"n":1}' })).statusCode).toBe(200)
    expect((await call({ headers: json, payload: '{"n":"1"}' })).statusCode).toBe(400)
  })
})
