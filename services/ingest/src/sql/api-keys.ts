import type { UserId } from '@synap/core'
import { type Client, execute, query } from '@synap/postgres'

export interface ApiKeyRow {
  key_id: string
  user_id: UserId
  name: string
  scopes: string[]
  /** Times in milliseconds since 1970. */
  created_at: number
  expires_at: number | null
  revoked_at: number | null
  last_used_at: number | null
}

const columns = 'key_id, user_id, name, scopes, created_at, expires_at, revoked_at, last_used_at'

/** A user without events; nothing when there is one. */
export async function insertUser(client: Client, userId: UserId): Promise<void> {
  await query(client, {
    name: 'write.insert_user',
    text: `insert into write.users (user_id) values ($1::uuid) on conflict (user_id) do nothing`,
    values: [userId],
  })
}

export interface NewApiKey {
  keyId: string
  userId: UserId
  name: string
  /** SHA-256 of the key, 64 hexadecimal characters. */
  keyHash: string
  scopes: readonly string[]
  /** Milliseconds since 1970. */
  expiresAt: number | null
}

export async function insertApiKey(client: Client, key: NewApiKey): Promise<ApiKeyRow> {
  const [row] = await query<ApiKeyRow>(client, {
    name: 'write.insert_api_key',
    text: `
      insert into write.api_keys (key_id, user_id, name, key_hash, scopes, expires_at)
      values ($1::uuid, $2::uuid, $3::text, decode($4::text, 'hex'), $5::text[], to_timestamp($6::float8 / 1000))
      returning ${columns}`,
    values: [key.keyId, key.userId, key.name, key.keyHash, key.scopes, key.expiresAt],
  })
  if (row === undefined) throw new TypeError('insert … returning gave no row')
  return row
}

export function selectApiKeys(client: Client, userId: UserId): Promise<ApiKeyRow[]> {
  return query(client, {
    name: 'write.select_api_keys',
    text: `select ${columns} from write.api_keys where user_id = $1::uuid order by created_at desc limit 1000`,
    values: [userId],
  })
}

/** A key of this user, also when it is revoked or over. */
export async function selectApiKey(
  client: Client,
  userId: UserId,
  keyId: string,
): Promise<ApiKeyRow | undefined> {
  const [row] = await query<ApiKeyRow>(client, {
    name: 'write.select_api_key',
    text: `select ${columns} from write.api_keys where user_id = $1::uuid and key_id = $2::uuid`,
    values: [userId, keyId],
  })
  return row
}

/** False when this user has no such key. Revoking twice keeps the first time. */
export async function revokeApiKey(client: Client, userId: UserId, keyId: string): Promise<boolean> {
  const touched = await execute(client, {
    name: 'write.revoke_api_key',
    text: `
      update write.api_keys
         set revoked_at = coalesce(revoked_at, clock_timestamp())
       where user_id = $1::uuid and key_id = $2::uuid`,
    values: [userId, keyId],
  })
  return touched === 1
}

/** The key with this hash, also when it is revoked or over. */
export async function findApiKey(client: Client, keyHash: string): Promise<ApiKeyRow | undefined> {
  const [row] = await query<ApiKeyRow>(client, {
    name: 'write.find_api_key',
    text: `select ${columns} from write.api_keys where key_hash = decode($1::text, 'hex')`,
    values: [keyHash],
  })
  return row
}

/** To the minute, whatever other processes note of the same key. */
export async function touchApiKeys(client: Client, keyIds: readonly string[]): Promise<void> {
  await query(client, {
    name: 'write.touch_api_keys',
    text: `
      update write.api_keys
         set last_used_at = clock_timestamp()
       where key_id = any ($1::uuid[])
         and (last_used_at is null or last_used_at < clock_timestamp() - interval '1 minute')`,
    values: [keyIds],
  })
}
