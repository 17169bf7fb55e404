import { randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { createBucket, type ServerAddresses, type ServerKind, serverKinds } from '@synap/servers'
import { inject } from 'vitest'
import type { CoordinatorCalls, CoordinatorRoute } from './coordinator/protocol.ts'

/** The shared servers, and names in them that no other test has. */
export interface Stack {
  /**
   * What a service reads from its environment to reach the servers: addresses, `S3_BUCKET` (fresh) and
   * `TOPIC_PREFIX` (fresh). DATABASE_URL is the shared, empty database: use `createTestDatabase`.
   */
  env: ServerAddresses & { S3_BUCKET: string; TOPIC_PREFIX: string }
  /** Put before each topic name: `t1a2b3c4.`. */
  topicPrefix: string
  /** A bucket of its own, empty; made only when the object store was asked for. */
  bucket: string
}

/**
 * Makes sure that these servers (all four by default) run, starting them for the first test that asks. Call it in
 * `beforeAll`. They end with the run; nothing has to be closed.
 */
export async function useStack(...kinds: ServerKind[]): Promise<Stack> {
  const wanted = kinds.length === 0 ? [...serverKinds] : kinds
  const { addresses } = await call('/servers', { kinds: wanted })
  const name = randomBytes(5).toString('hex')
  const bucket = `test-${name}`
  const topicPrefix = `t${name}.`
  if (wanted.includes('object-store')) await createBucket(s3Access(addresses), bucket)
  return { env: { ...addresses, S3_BUCKET: bucket, TOPIC_PREFIX: topicPrefix }, topicPrefix, bucket }
}

export interface TestDatabase extends AsyncDisposable {
  name: string
  /** Of the login role `synap`, which owns the database, may create roles and is no superuser. */
  url: string
  /** Runs SQL as superuser; rows as lines, fields divided by `|`. For arranging and looking, never for what is tested. */
  superuserSql(sql: string): Promise<string[]>
  /** Drops the database, whoever is still connected. */
  close(): Promise<void>
}

/**
 * A fresh database on the shared Postgres, with the extensions and with the migrations of these services
 * (`ingest`, `events-writer`, `projector`, `enricher`) applied.
 */
export async function createTestDatabase(services: readonly string[] = []): Promise<TestDatabase> {
  const { addresses } = await call('/servers', { kinds: ['postgres'] })
  const { name } = await call('/databases/create', { services: [...services] })
  const url = new URL(addresses.DATABASE_URL)
  url.pathname = `/${name}`
  const close = async () => void (await call('/databases/drop', { name }))
  return {
    name,
    url: url.href,
    superuserSql: async (sql) => (await call('/sql', { database: name, sql })).lines,
    close,
    [Symbol.asyncDispose]: close,
  }
}

export function s3Access(addresses: ServerAddresses) {
  return {
    endpoint: addresses.S3_ENDPOINT,
    region: addresses.S3_REGION,
    accessKeyId: addresses.S3_ACCESS_KEY_ID,
    secretAccessKey: addresses.S3_SECRET_ACCESS_KEY,
  }
}

/** `node:http`, not fetch: fetch gives up after five minutes, and a first start may build the cache for longer. */
function call<Route extends CoordinatorRoute>(
  route: Route,
  body: CoordinatorCalls[Route]['request'],
): Promise<CoordinatorCalls[Route]['response']> {
  const { url, token } = inject('synapCoordinator')
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const request = httpRequest(
      new URL(route, url),
      { method: 'POST', headers, agent: false },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('error', reject)
        response.on('end', () => {
          const answer = JSON.parse(text) as CoordinatorCalls[Route]['response'] & { error?: string }
          if (response.statusCode === 200) resolve(answer)
          else reject(new Error(answer.error ?? `the coordinator answered ${response.statusCode ?? 0}`))
        })
      },
    )
    request.on('error', reject)
    request.end(JSON.stringify(body))
  })
}
