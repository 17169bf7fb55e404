import { Readable } from 'node:stream'
import { problems } from '@synap/contracts'
import { wait } from '@synap/core'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { buildFixture, type Fixture } from '../test/fixture.ts'
import { mayTake, open, streamsAnswer, takesFileForm } from './index.ts'

const form = z
  .strictObject({ entity: z.strictObject({ a: z.string() }), file: z.string() })
  .meta({ id: 'TestForm' })
const quickMs = 100

let fixture: Fixture | undefined
afterEach(() => fixture?.app.close())

/** An app whose requests have 0.1 s, with a route that takes forms and works until its signal aborts or 0.3 s are over. */
async function start(formMs: number): Promise<string> {
  fixture = await buildFixture({ handlerTimeoutMs: quickMs })
  const { app } = fixture
  app.addContentTypeParser('multipart/form-data', (_request, _body, done) => done(null))
  const body = { content: { 'application/json': { schema: z.strictObject({ n: z.int() }) } } }
  const config = { ...open(), ...takesFileForm(form, formMs) }
  app.post('/forms', { schema: { body }, config }, async (request) => {
    await wait(3 * quickMs, request.signal)
    return { ok: true }
  })
  app.post('/only-forms', { config }, async () => ({ ok: true }))
  app.post('/patient', { config: { ...open(), ...mayTake(formMs) } }, async (request) => {
    await wait(3 * quickMs, request.signal)
    return { ok: true }
  })
  const slow = () =>
    Readable.from(
      (async function* () {
        yield 'begun, '
        await wait(3 * quickMs, AbortSignal.timeout(5_000))
        yield 'and ended'
      })(),
    )
  app.get('/long', { config: { ...open(), ...streamsAnswer() } }, (_request, reply) => reply.send(slow()))
  app.get('/short', { config: open() }, (_request, reply) => reply.send(slow()))
  return app.listen({ host: '127.0.0.1', port: 0 })
}

const post = (url: string, contentType: string, body: string) =>
  fetch(`${url}/forms`, { method: 'POST', headers: { 'content-type': contentType }, body })

describe('a route that takes a form with a file', () => {
  it('given a form, it has the time of the form; JSON has the usual time', async () => {
    const url = await start(10_000)
    expect((await post(url, 'Multipart/Form-Data; boundary=x', 'x')).status).toBe(200)
    expect((await post(url, 'application/json', '{"n":1}')).status).toBe(503)
  })

  it('given a route that may take long, it has that time for any request', async () => {
    const url = await start(10_000)
    expect((await fetch(`${url}/patient`, { method: 'POST' })).status).toBe(200)
  })

  it('given JSON that is not valid, it is refused as everywhere', async () => {
    const url = await start(10_000)
    const answer = await post(url, 'application/json', '{"n":"1"}')
    expect(await answer.json()).toMatchObject({
      type: problems.validation.type,
      errors: [{ path: 'body.n' }],
    })
  })

  it('given the document of the API, both media types are in it', async () => {
    const url = await start(10_000)
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
      paths: Record<string, { post?: { requestBody: { content: Record<string, { schema: object }> } } }>
    }
    const content = document.paths['/forms']?.post?.requestBody.content ?? {}
    expect(Object.keys(content)).toEqual(['application/json', 'multipart/form-data'])
    expect(JSON.stringify(content['multipart/form-data'])).toContain('TestForm')
    expect(JSON.stringify(document)).toContain('"TestFormInput":{')
    const only = document.paths['/only-forms']?.post?.requestBody.content ?? {}
    expect(Object.keys(only)).toEqual(['multipart/form-data'])
  })
})

describe('an answer that goes on', () => {
  it('given a route that streams, it comes whole; any other is cut off', async () => {
    const url = await start(10_000)
    expect(await (await fetch(`${url}/long`)).text()).toBe('begun, and ended')
    await expect(fetch(`${url}/short`).then((answer) => answer.text())).rejects.toThrow('terminated')
  })
})
