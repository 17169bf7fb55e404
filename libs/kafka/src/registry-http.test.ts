import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createSchemaRegistry } from './schema-registry.ts'

type Answer = (response: ServerResponse, path: string) => void

describe('schema look-up against a registry that misbehaves', () => {
  let server: Server | undefined
  afterEach(() => {
    server?.closeAllConnections()
    server?.close()
  })

  /** A registry that answers as told, and counts. */
  const registryThat = async (answer: Answer, unknownForMs = 60_000) => {
    const requests: string[] = []
    const listening = createServer((request, response) => {
      requests.push(request.url ?? '')
      answer(response, request.url ?? '')
    })
    server = listening
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
    const { port } = listening.address() as AddressInfo
    const url = `http://127.0.0.1:${port}/apis/ccompat/v7/`
    return { requests, registry: createSchemaRegistry({ url, lookupDeadlineMs: 200, unknownForMs }) }
  }
  const json =
    (status: number, body: unknown): Answer =>
    (response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }

  it('given an answer, it is asked for once, also by many at the same time, and kept when the registry dies', async () => {
    const { registry, requests } = await registryThat(json(200, 'string'))
    const texts = await Promise.all(Array.from({ length: 50 }, () => registry.schemaById(7)))
    expect(new Set(texts)).toEqual(new Set(['"string"']))
    server?.close()
    server?.closeAllConnections()
    expect(await registry.schemaById(7)).toBe('"string"')
    expect(requests).toEqual(['/apis/ccompat/v7/schemas/ids/7/schema'])
    await expect(registry.schemaById(8)).rejects.toMatchObject({
      code: 'registry.unavailable',
      class: 'dependency',
    })
  })

  it('given an unknown id, it is not asked for again until its time is over', async () => {
    const notFound = json(404, { error_code: 40403, message: 'Schema not found' })
    const patient = await registryThat(notFound)
    for (let look = 0; look < 10; look += 1) expect(await patient.registry.schemaById(9)).toBeUndefined()
    expect(patient.requests).toHaveLength(1)
    server?.close()
    const hasty = await registryThat(notFound, 0)
    await hasty.registry.schemaById(9)
    await hasty.registry.schemaById(9)
    expect(hasty.requests).toHaveLength(2)
  })

  it.each([
    ['it never answers', () => undefined, 'registry.unavailable', 'dependency'],
    ['it answers 503', json(503, { message: 'starting' }), 'registry.unavailable', 'dependency'],
    ['it answers 429', json(429, {}), 'registry.unavailable', 'dependency'],
    ['it cuts the connection', (response) => response.destroy(), 'registry.unavailable', 'dependency'],
    [
      'a proxy answers 200 with a page',
      (response) => response.end('<html>'),
      'registry.unavailable',
      'dependency',
    ],
    ['it answers 401', json(401, {}), 'registry.forbidden', 'configuration'],
    ['it answers 403', json(403, {}), 'registry.forbidden', 'configuration'],
    [
      'another server answers 404',
      (response) => response.writeHead(404).end('no'),
      'registry.refused',
      'configuration',
    ],
  ] as [string, Answer, string, string][])(
    'given %s, the error says what to do',
    async (_what, answer, code, errorClass) => {
      const { registry } = await registryThat(answer)
      const started = performance.now()
      await expect(registry.schemaById(1)).rejects.toMatchObject({ code, class: errorClass })
      expect(performance.now() - started).toBeLessThan(1_000)
    },
  )

  it('given a caller that gives up, the others still get their answer', async () => {
    const held: ServerResponse[] = []
    const { registry } = await registryThat((response) => void held.push(response))
    const controller = new AbortController()
    const first = registry.schemaById(3, controller.signal)
    const second = registry.schemaById(3)
    controller.abort(new Error('closing'))
    await expect(first).rejects.toThrow('closing')
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve))
    held[0]?.end('"long"')
    expect(await second).toBe('"long"')
  })
})
