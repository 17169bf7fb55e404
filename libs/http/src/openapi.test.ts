import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { buildFixture, type Fixture } from '../test/fixture.ts'
import { requires, takesTimeZone } from './index.ts'

let fixture: Fixture | undefined
afterEach(() => fixture?.app.close())

interface Operation {
  parameters?: { in: string; name: string }[]
}

describe('the headers in the document of the API', () => {
  it('given writes and reads, writes name Idempotency-Key, and those of one thing If-Match too', async () => {
    fixture = await buildFixture()
    const { app } = fixture
    const params = z.strictObject({ id: z.string() })
    const answer = async () => ({ ok: true })
    app.post('/things', { config: requires('write') }, answer)
    app.post('/texts', { config: { ...requires('write'), ...takesTimeZone() } }, answer)
    app.patch('/things/:id', { schema: { params }, config: requires('write') }, answer)
    app.get('/things/:id', { schema: { params }, config: requires('read') }, answer)
    await app.ready()
    const { paths } = (await app.inject({ url: '/openapi.json' })).json<{
      paths: Record<string, Record<string, Operation>>
    }>()
    const headersOf = (path: string, method: string) =>
      (paths[path]?.[method]?.parameters ?? []).filter((one) => one.in === 'header').map(({ name }) => name)
    expect(headersOf('/things', 'post')).toEqual(['idempotency-key'])
    expect(headersOf('/texts', 'post')).toEqual(['idempotency-key', 'synap-time-zone'])
    expect(headersOf('/things/{id}', 'patch')).toEqual(['idempotency-key', 'if-match'])
    expect(headersOf('/things/{id}', 'get')).toEqual([])
  })
})
