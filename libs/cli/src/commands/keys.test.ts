import { uuidv7 } from '@synap/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, type Asked, type FakeSynap, problem, startFakeSynap } from '../../test/fake-synap.ts'
import { runSynap } from '../../test/run-synap.ts'
import { exitCodes } from '../exit-codes.ts'

const timeoutMs = 60_000
const secret = `syn_${'k'.repeat(43)}`

const viewOf = (id: string, name: string) => ({
  id,
  userId: uuidv7(),
  name,
  scopes: ['read', 'write'],
  createdAt: '2026-11-21T02:44:48.620Z',
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
})
const [own, other] = [viewOf(uuidv7(), 'mine'), viewOf(uuidv7(), 'phone')]

function answer({ method, path }: Asked): Answer {
  switch (`${method} ${path}`) {
    case 'POST /v1/keys':
      return { status: 201, body: { ...other, key: secret } }
    case 'GET /v1/keys':
      return { status: 200, body: { items: [other, own] } }
    case 'GET /v1/keys/current':
      return { status: 200, body: own }
    default:
      return method === 'DELETE' ? { status: 200, body: null } : problem(404, 'not found')
  }
}

let synap: FakeSynap
let env: Record<string, string>
beforeEach(async () => {
  synap = await startFakeSynap(answer)
  env = { SYNAP_INGEST_URL: synap.url, SYNAP_QUERY_URL: synap.url, SYNAP_API_KEY: `syn_${'o'.repeat(43)}` }
})
afterEach(() => synap[Symbol.asyncDispose]())

const revoked = () => synap.asked.filter(({ method }) => method === 'DELETE').map(({ path }) => path)

describe('keys', () => {
  it(
    'given a key to make in a pipe, stdout is the key alone',
    async () => {
      const args = ['keys', 'create', '--name', 'phone', '--scopes', 'read,write', '--expires', '30d']
      const { code, stdout, stderr } = await runSynap(args, env)
      expect({ code, stdout }).toEqual({ code: 0, stdout: `${secret}\n` })
      expect(stderr).not.toContain(secret)
      expect(synap.asked.map(({ body }) => body)).toEqual([
        { name: 'phone', scopes: ['read', 'write'], expiresInDays: 30 },
      ])
    },
    timeoutMs,
  )

  it(
    'given keys to list, the one in use is marked',
    async () => {
      const { stdout } = await runSynap(['keys', 'list'], env)
      const [, ...rows] = stdout.trim().split('\n')
      expect(rows.map((row) => row.split(/\s+/).slice(0, 2))).toEqual([
        [other.id, 'phone'],
        [`${own.id}*`, 'mine'],
      ])
    },
    timeoutMs,
  )

  it(
    'given the key in use, it is revoked only by force',
    async () => {
      const refused = await runSynap(['keys', 'revoke', own.id], env)
      expect(refused.code).toBe(exitCodes.failed)
      expect(refused.stderr).toContain('--force')
      expect(revoked()).toEqual([])
      const done = await runSynap(['keys', 'revoke', own.id, '--force', '--json'], env)
      expect(done.code).toBe(0)
      expect(JSON.parse(done.stdout)).toEqual({ id: own.id, name: 'mine' })
      expect(revoked()).toEqual([`/v1/keys/${own.id}`])
    },
    timeoutMs,
  )

  it(
    'given the id of another key, it says what it revoked',
    async () => {
      const { code, stdout } = await runSynap(['keys', 'revoke', other.id], env)
      expect({ code, stdout }).toEqual({ code: 0, stdout: `Revoked ${other.id} (phone).\n` })
      expect(revoked()).toEqual([`/v1/keys/${other.id}`])
    },
    timeoutMs,
  )
})
