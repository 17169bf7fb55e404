import type { UserId } from '@synap/core'
import { type Client, query } from '@synap/postgres'

export interface SettingsRow {
  time_zone: string | null
  language: string | null
}

export async function findSettings(
  client: Client,
  schema: string,
  userId: UserId,
): Promise<SettingsRow | undefined> {
  const [row] = await query<SettingsRow>(client, {
    name: `${schema}.find_settings`,
    text: `select time_zone, language from ${schema}.user_settings where user_id = $1::uuid`,
    values: [userId],
  })
  return row
}
