import { generateApiKey, hashApiKey, type Scope } from '@synap/auth'
import type { CreateKeyRequest, CreateKeyResponse, IntrospectResponse, KeyView } from '@synap/contracts'
import { type UserId, uuidv7 } from '@synap/core'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import {
  type ApiKeyRow,
  findApiKey,
  insertApiKey,
  insertUser,
  revokeApiKey,
  selectApiKey,
  selectApiKeys,
} from './sql/api-keys.ts'

const dayMs = 86_400_000

/** Makes a key for a user, who is created when new. The key is in the answer and nowhere else. */
export async function issueKey(
  pool: Pool,
  userId: UserId,
  { name, scopes, expiresInDays }: CreateKeyRequest,
): Promise<CreateKeyResponse> {
  const key = generateApiKey()
  const row = await inTransaction(pool, async (client) => {
    await insertUser(client, userId)
    return insertApiKey(client, {
      keyId: uuidv7(),
      userId,
      name,
      keyHash: hashApiKey(key).toString('hex'),
      scopes: [...new Set(scopes)],
      expiresAt: expiresInDays === undefined ? null : Date.now() + expiresInDays * dayMs,
    })
  })
  return { ...viewOf(row), key }
}

export async function listKeys(pool: Pool, userId: UserId): Promise<KeyView[]> {
  const rows = await inTransaction(pool, (client) => selectApiKeys(client, userId), { readOnly: true })
  return rows.map(viewOf)
}

/** Undefined when this user has no such key. */
export async function findKey(pool: Pool, userId: UserId, keyId: string): Promise<KeyView | undefined> {
  const row = await inTransaction(pool, (client) => selectApiKey(client, userId, keyId), { readOnly: true })
  return row && viewOf(row)
}

/** False when this user has no such key. */
export function revokeKey(pool: Pool, userId: UserId, keyId: string): Promise<boolean> {
  return inTransaction(pool, (client) => revokeApiKey(client, userId, keyId))
}

/** What other services ask about a key. Unknown, revoked, over and malformed look the same. */
export async function introspectKey(pool: Pool, key: string): Promise<IntrospectResponse> {
  const row = await inTransaction(pool, (client) => findApiKey(client, hashApiKey(key).toString('hex')), {
    readOnly: true,
  })
  if (row === undefined || !isUsable(row, Date.now())) return { active: false }
  return {
    active: true,
    userId: row.user_id,
    keyId: row.key_id,
    scopes: row.scopes as Scope[],
    expiresAt: timeText(row.expires_at),
  }
}

export function isUsable(row: Pick<ApiKeyRow, 'revoked_at' | 'expires_at'>, now: number): boolean {
  return row.revoked_at === null && (row.expires_at === null || row.expires_at > now)
}

function viewOf(row: ApiKeyRow): KeyView {
  return {
    id: row.key_id,
    userId: row.user_id,
    name: row.name,
    scopes: row.scopes as Scope[],
    createdAt: new Date(row.created_at).toISOString(),
    expiresAt: timeText(row.expires_at),
    revokedAt: timeText(row.revoked_at),
    lastUsedAt: timeText(row.last_used_at),
  }
}

const timeText = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
