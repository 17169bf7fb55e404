import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type EntityId, uuidv7 } from '@synap/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClient } from './client.ts'

const id = uuidv7() as EntityId
const captured = {
  id,
  version: 1,
  sequence: 4,
  correlationId: 'a'.repeat(32),
  status: `/v1/entities/${id}/status`,
}
const bytes = Buffer.alloc(300_000, Buffer.from([0, 13, 10, 45, 45, 250]))
const note = { type: 'note' as const, tags: ['x'] }

let folder: string
let path: string
const closing: (() => void)[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'synap-client-test-'))
  path = join(folder, 'a.bin')
  await writeFile(path, bytes)
})
afterEach(async () => {
  for (const close of closing.splice(0)) close()
  await rm(folder, { recursive: true, force: true })
})

type Handler = (request: IncomingMessage, response: ServerResponse, turn: number) => Promise<void> | void

async function clientOf(handle: Handler) {
  let turns = 0
  const server = createServer((request, response) => void handle(request, response, (turns += 1)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { client: createClient({ ingestUrl: url, queryUrl: url, apiKey: 'syn_x' }), turns: () => turns }
}

const answer = (response: ServerResponse, status: number, body: unknown, headers = {}) =>
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))

/** Read by somebody else's parser. */
const formOf = async (request: IncomingMessage) =>
  new Response(new Uint8Array(await buffer(request)), {
    headers: { 'content-type': request.headers['content-type'] ?? '' },
  }).formData()

describe('the capture of a file', () => {
  it('given a path, the form has the entity, then the bytes under their name, and progress is told', async () => {
    let form: FormData | undefined
    const { client } = await clientOf(async (request, response) => {
      form = await formOf(request)
      answer(response, 201, captured)
    })
    const progress: number[] = []
    const options = { name: 'Grü"ße\r\n.bin', onProgress: (sent: number) => void progress.push(sent) }
    expect(await client.captureFile({ path }, note, options)).toEqual(captured)
    expect([...(form?.keys() ?? [])]).toEqual(['entity', 'file'])
    expect(JSON.parse(form?.get('entity') as string)).toEqual(note)
    const file = form?.get('file') as File
    expect(file.name).toContain('Grü')
    expect(Buffer.from(await file.arrayBuffer()).equals(bytes)).toBe(true)
    expect([progress[0], progress.at(-1)]).toEqual([0, bytes.length])
  })

  it('given a 503 under a key, a path is sent again from its start; a stream is not', async () => {
    const sizes: number[] = []
    const handle: Handler = async (request, response, turn) => {
      sizes.push((await buffer(request)).length)
      if (turn % 2 === 1) answer(response, 503, {}, { 'retry-after': '0' })
      else answer(response, 201, captured)
    }
    const { client, turns } = await clientOf(handle)
    await client.captureFile({ path }, note, { idempotencyKey: 'k' })
    expect(turns()).toBe(2)
    expect(sizes[0]).toBe(sizes[1])
    const stream = Readable.from([bytes])
    await expect(client.captureFile({ stream }, note, { idempotencyKey: 'k' })).rejects.toMatchObject({
      status: 503,
    })
    expect(turns()).toBe(3)
  })

  it('given a refusal before all was sent, it is told at once, and no more is read', async () => {
    const { client } = await clientOf((request, response) => {
      const problem = {
        type: 'urn:synap:problem:too-large',
        title: 'large',
        detail: 'may have 5 bytes at most',
      }
      answer(response, 413, problem)
      // As ours does: what still comes is dropped, so that the client can read the answer.
      request.resume()
    })
    const stopped = Promise.withResolvers<string>()
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        // Many times what is in buffers on the way, and not so much that a failure would never end.
        for (let given = 0; given < 3_000; given += 1) yield bytes
        stopped.resolve('all was read')
      } finally {
        stopped.resolve('no more is read')
      }
    }
    await expect(client.captureFile({ stream: endless() }, note)).rejects.toMatchObject({
      status: 413,
      message: expect.stringContaining('5 bytes'),
    })
    expect(await stopped.promise).toBe('no more is read')
  })

  it('given bytes that cannot be read, that is the error, and nothing is tried again', async () => {
    const { client, turns } = await clientOf(async (request, response) => {
      await buffer(request).catch(() => undefined)
      response.destroy()
    })
    const missing = client.captureFile({ path: join(folder, 'missing') }, note, { idempotencyKey: 'k' })
    await expect(missing).rejects.toMatchObject({ code: 'ENOENT' })
    expect(turns()).toBeLessThanOrEqual(1)
  })
})

describe('content as a stream', () => {
  it('given content, its bytes come as they are; one that breaks off fails', async () => {
    const { client } = await clientOf((_request, response, turn) => {
      response.writeHead(200, {
        'content-length': bytes.length,
        'content-type': 'image/png',
        'synap-sequence': '7',
      })
      if (turn === 1) response.end(bytes)
      else response.write(bytes.subarray(0, 100_000), () => response.destroy())
    })
    const { value, sequence } = await client.contentStream(id)
    expect([value.contentType, sequence]).toEqual(['image/png', 7])
    expect((await buffer(value.stream)).equals(bytes)).toBe(true)
    const broken = await client.contentStream(id)
    await expect(buffer(broken.value.stream)).rejects.toThrow('terminated')
  })
})

describe('an attachment', () => {
  const attachment = {
    key: '0123-a.bin',
    name: 'a.bin',
    size: bytes.length,
    sha256: 'a'.repeat(64),
    contentType: 'application/octet-stream',
    fileType: 'other',
  }
  const { status: _, ...numbers } = captured
  const attached = { ...numbers, attachment }

  it('given a path and a 503, the form has the file alone, twice under the same key', async () => {
    const forms: FormData[] = []
    const keys: unknown[] = []
    const { client } = await clientOf(async (request, response, turn) => {
      keys.push(request.headers['idempotency-key'])
      forms.push(await formOf(request))
      if (turn === 1) answer(response, 503, {}, { 'retry-after': '0' })
      else answer(response, 201, attached)
    })
    expect(await client.attachFile(id, { path }, { name: 'a.bin' })).toEqual(attached)
    expect(forms.map((form) => [...form.keys()])).toEqual([['file'], ['file']])
    expect(forms.map((form) => (form.get('file') as File).name)).toEqual(['a.bin', 'a.bin'])
    expect(keys[0]).toBeDefined()
    expect(keys[0]).toBe(keys[1])
  })

  it('given a file as new content, its form is the same', async () => {
    const seen: unknown[] = []
    const { client } = await clientOf(async (request, response) => {
      seen.push(request.method, request.url, ...(await formOf(request)).keys())
      answer(response, 200, numbers)
    })
    expect(await client.replaceFile(id, { path }, { name: 'a.bin' })).toEqual(numbers)
    expect(seen).toEqual(['PUT', `/v1/entities/${id}/content`, 'file'])
  })

  it('given a stream and a 503, it is not sent again', async () => {
    const { client, turns } = await clientOf(async (request, response) => {
      await buffer(request)
      answer(response, 503, {}, { 'retry-after': '0' })
    })
    const source = { stream: Readable.from([bytes]) }
    await expect(client.attachFile(id, source)).rejects.toMatchObject({ status: 503 })
    expect(turns()).toBe(1)
  })

  it('given an attachment to read, its bytes come as they are', async () => {
    const { client } = await clientOf((_request, response) => {
      response.writeHead(200, { 'content-type': 'image/png', 'synap-sequence': '4' }).end(bytes)
    })
    const { value } = await client.attachmentStream(id, '0123-a.bin')
    expect(value.contentType).toBe('image/png')
    expect((await buffer(value.stream)).equals(bytes)).toBe(true)
  })
})
