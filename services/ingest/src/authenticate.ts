import { hashApiKey, parseApiKey, type Scope } from '@synap/auth'
import type { Authenticate, RequestCredential } from '@synap/http'
import type { Pool } from '@synap/postgres'
import { isUsable } from './api-keys.ts'
import { inTransaction } from './database.ts'
import { type ApiKeyRow, findApiKey } from './sql/api-keys.ts'

/** A revoked key is refused after this long at the latest, in every process. */
const freshMs = 5_000
const capacity = 10_000

/**
 * Looks keys up in our own table, keeping hits for some seconds so that a busy client is not a query per request.
 * `onUse` hears of a usable key that is in use, not of each request.
 */
export function createAuthenticate(pool: Pool, onUse: (keyId: string) => void): Authenticate {
  const known = new Map<string, { row: ApiKeyRow; at: number }>()

  const lookUp = async (hash: string): Promise<ApiKeyRow | undefined> => {
    const row = await inTransaction(pool, (client) => findApiKey(client, hash), { readOnly: true })
    known.delete(hash)
    if (row === undefined) return undefined
    if (isUsable(row, Date.now())) onUse(row.key_id)
    const oldest = known.size >= capacity ? known.keys().next().value : undefined
    if (oldest !== undefined) known.delete(oldest)
    known.set(hash, { row, at: performance.now() })
    return row
  }

  return async (token) => {
    const key = parseApiKey(token)
    if (key === undefined) return undefined
    const hash = hashApiKey(key).toString('hex')
    const entry = known.get(hash)
    const isFresh = entry !== undefined && performance.now() - entry.at < freshMs
    const row = isFresh ? entry.row : await lookUp(hash)
    return row === undefined || !isUsable(row, Date.now()) ? undefined : credentialOf(row)
  }
}

const credentialOf = (row: ApiKeyRow): RequestCredential => ({
  userId: row.user_id,
  keyId: row.key_id,
  scopes: row.scopes as Scope[],
})
