import { uuidv7 } from '@synap/core'
import type { Route } from '@synap/http'
import type { TestService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, createIngestStack, type IngestStack } from '../test/ingest-stack.ts'
import { readRoutes } from '../test/route-table.ts'

const writes = (await readRoutes()).filter(({ method, scopes }) => method !== 'GET' && scopes !== undefined)

let stack: IngestStack
let service: TestService
let ana: Account

beforeAll(async () => {
  stack = await createIngestStack()
  service = await stack.start({ REQUESTS_PER_MINUTE: '1000000' })
  ana = await stack.createAccount('read', 'write', 'admin', 'operate', 'act:any')
  await service.waitReady()
}, 300_000)
afterAll(() => stack?.close())

const nameOf = ({ method, path }: Route) => `${method} ${path}`
const withParameters = ({ path }: Route, value: string) => path.replaceAll(/:(id|field|name|key)\b/g, value)
/** Where nothing is, but might be. */
const plausible = ({ path }: Route) =>
  path.replace(':id', uuidv7()).replace(':field', 'title').replace(':name', 'errand').replace(':key', 'a.png')

async function send(
  route: Route,
  { path = plausible(route), body, headers = {} }: SentRequest,
): Promise<{ status: number; text: string; type: string | null }> {
  const response = await fetch(`${service.url}${path}`, {
    method: route.method,
    headers: {
      authorization: `Bearer ${ana.key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(30_000),
  })
  return {
    status: response.status,
    text: await response.text(),
    type: response.headers.get('content-type'),
  }
}

interface SentRequest {
  path?: string
  body?: string | Uint8Array<ArrayBuffer>
  headers?: Record<string, string>
}

const bodies: [what: string, body: string | Uint8Array<ArrayBuffer>][] = [
  ['a NUL character', '{"title":"a\\u0000"}'],
  ['a lone surrogate', '{"title":"\\ud800"}'],
  ['the key __proto__', '{"title":"a","__proto__":{"admin":true}}'],
  ['nesting 200,000 levels deep', '['.repeat(200_000) + ']'.repeat(200_000)],
  ['objects 200,000 levels deep', '{"a":'.repeat(200_000) + '1' + '}'.repeat(200_000)],
  ['a list of a million elements', `[${'0,'.repeat(999_999)}0]`],
  ['a member with a million elements', `{"tags":[${'0,'.repeat(999_999)}0]}`],
  ['200,000 members', `{${Array.from({ length: 200_000 }, (_, n) => `"${n}":0`).join(',')}}`],
  ['bytes that are not UTF-8', Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ['text that is not JSON', '{"title":'],
]

describe('every route of ingest that writes', () => {
  it('given the route table, there are many, and most take a body', () => {
    expect(writes.length).toBeGreaterThan(20)
    expect(writes.filter(({ takesJson }) => takesJson).length).toBeGreaterThan(10)
  })

  it.each(bodies)('given a body with %s, each answers 400', async (_what, body) => {
    for (const route of writes) {
      const { status, text, type } = await send(route, { body })
      // What takes forms only does not read JSON at all.
      const expected = route.takesForm && !route.takesJson ? [400, 415] : [400]
      expect(expected, `${nameOf(route)} answers ${text.slice(0, 300)}`).toContain(status)
      expect(type).toContain('application/problem+json')
      expect(text.length).toBeLessThan(40_000)
    }
  })

  it('given members that nobody asked for, each that takes JSON answers 400 and names them', async () => {
    const body = '{"userId":"x","version":1,"createdAt":"x","embedding":[0.1]}'
    for (const route of writes.filter(({ takesJson }) => takesJson)) {
      const { status, text } = await send(route, { body })
      expect(status, nameOf(route)).toBe(400)
      expect(text, nameOf(route)).toContain('"path":"body.')
    }
  })

  it('given values of another type, they are not converted', async () => {
    for (const route of writes.filter(({ takesJson }) => takesJson)) {
      for (const body of ['5', '"x"', '[]', 'true']) {
        expect((await send(route, { body })).status, `${nameOf(route)} ${body}`).toBe(400)
      }
    }
  })

  it('given a compressed body, 415; one of a strange type, 415; an Idempotency-Key of 10,000 characters, 400', async () => {
    for (const route of writes) {
      const compressed = await send(route, { body: '{}', headers: { 'content-encoding': 'gzip' } })
      expect(compressed.status, nameOf(route)).toBe(415)
      const strange = await send(route, { body: '<a/>', headers: { 'content-type': 'text/xml' } })
      expect(strange.status, nameOf(route)).toBe(415)
      const key = await send(route, { headers: { 'idempotency-key': 'k'.repeat(10_000) } })
      expect(key.status, nameOf(route)).toBe(400)
    }
  })

  it('given hostile text in the address, it is refused, never 500', async () => {
    const texts = ['%00', '%ED%A0%80', '%ff', 'a'.repeat(600), '..%2f..%2fetc', "'%20or%201=1--"]
    for (const route of writes) {
      for (const text of texts) {
        const path = withParameters(route, text)
        const { status } = await send(route, { path: `${path}?x=${text}` })
        expect(status, `${nameOf(route)} ${text}`).toBeGreaterThanOrEqual(400)
        expect(status, `${nameOf(route)} ${text}`).toBeLessThan(500)
      }
    }
  })

  it('given all that, nothing was stored, nothing failed by our own fault, and it is the same process', async () => {
    const [events] = await stack.database.superuserSql('select count(*) from write.outbox')
    expect(events).toBe('0')
    const faults = service.logLines().filter(({ msg }) => msg === 'a request failed by our own fault')
    expect(faults).toEqual([])
    expect((await fetch(`${service.adminUrl}/livez`)).status).toBe(200)
  })
})
