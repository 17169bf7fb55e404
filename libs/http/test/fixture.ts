import { SynapError, type UserId } from '@synap/core'
import { createLogger } from '@synap/telemetry'
import { z } from 'zod'
import {
  type App,
  type AppOptions,
  buildApp,
  expectedVersion,
  notModified,
  open,
  principalOf,
  problem,
  type RequestCredential,
  requires,
} from '../src/index.ts'

export const ann = '00000000-0000-7000-8000-00000000000a' as UserId
export const bob = '00000000-0000-7000-8000-00000000000b' as UserId

const credentials: Record<string, RequestCredential> = {
  syn_reader: { userId: ann, keyId: 'k1', scopes: ['read'] },
  syn_writer: { userId: ann, keyId: 'k2', scopes: ['read', 'write'] },
  syn_service: { userId: bob, keyId: 'k3', scopes: ['act:any', 'read', 'write', 'trace:continue'] },
}

const thing = z.strictObject({
  name: z.string().min(1).max(20),
  tags: z.array(z.string()).max(3).optional(),
  size: z.int().optional(),
})

/** Every line that the app logged. */
export interface Fixture {
  app: App
  lines: Record<string, unknown>[]
}

/** An app with routes for each way a request can end. */
export async function buildFixture(overrides: Partial<AppOptions> = {}): Promise<Fixture> {
  const lines: Record<string, unknown>[] = []
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  }
  const app = await buildApp({
    service: 'test',
    logger: createLogger('test', { level: 'info', destination }),
    info: { title: 'Test', version: '1', description: 'For tests.' },
    authenticate: async (token) => {
      if (token === 'syn_away')
        throw new SynapError('no', { code: 'postgres.unavailable', class: 'dependency' })
      return credentials[token]
    },
    ...overrides,
  })
  registerRoutes(app)
  return { app, lines }
}

function registerRoutes(app: App): void {
  app.post(
    '/v1/things',
    {
      config: requires('write'),
      schema: { body: thing, response: { 201: z.strictObject({ id: z.string(), owner: z.string() }) } },
    },
    async (request, reply) => {
      reply.code(201)
      return { id: request.body.name, owner: principalOf(request).userId }
    },
  )
  app.get(
    '/v1/things/:id',
    {
      config: requires('read'),
      schema: {
        params: z.strictObject({ id: z.string() }),
        querystring: z.strictObject({ limit: z.string().regex(/^\d+$/).optional() }),
      },
    },
    async (request, reply) => {
      if (request.params.id === 'missing') throw problem('notFound')
      if (notModified(request, reply, '"7"')) return null
      return { version: expectedVersion(request) ?? null }
    },
  )
  app.get(
    '/fail/:how',
    { config: open(), schema: { params: z.strictObject({ how: z.string() }) } },
    async (request) => {
      switch (request.params.how) {
        case 'dependency':
          throw new SynapError('the database at db.internal is away', {
            code: 'postgres.unavailable',
            class: 'dependency',
            retryAfterMs: 7_000,
          })
        case 'configuration':
          throw new SynapError('no table', { code: 'postgres.unknown_object', class: 'configuration' })
        case 'damaged':
          throw new SynapError('bad bytes', { code: 'object.checksum_mismatch', class: 'data' })
        case 'hang':
          return await new Promise((_, reject) => {
            request.signal.addEventListener('abort', () => reject(new Error('aborted')))
          })
        default:
          throw new TypeError('select * from secret_table at /srv/app.ts')
      }
    },
  )
  app.get(
    '/badly-typed-answer',
    { config: open(), schema: { response: { 200: z.strictObject({ n: z.int() }) } } },
    async () => ({ n: 1, secret: 'x' }) as { n: number },
  )
}
