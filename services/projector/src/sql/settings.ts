import { type Client, execute } from '@synap/postgres'
import type { Settings } from '../fold-events.ts'
import { type Column, toRowSet } from './columns.ts'

export const settingsColumns: readonly Column<Settings>[] = [
  ['user_id', 'uuid', (settings) => settings.userId],
  ['time_zone', 'text', (settings) => settings.timeZone],
  ['language', 'text', (settings) => settings.language],
  ['sequence', 'bigint', (settings) => settings.sequence],
]

export async function upsertSettings(
  client: Client,
  schema: string,
  settings: readonly Settings[],
): Promise<void> {
  const set = toRowSet(settingsColumns, settings)
  await execute(client, {
    name: `${schema}.upsert_settings`,
    text: `
      insert into ${schema}.user_settings as s (${set.names}) select ${set.names} from ${set.from} order by user_id
      on conflict (user_id) do update set time_zone = excluded.time_zone, language = excluded.language,
        sequence = excluded.sequence
      where s.sequence < excluded.sequence`,
    values: set.values,
  })
}
