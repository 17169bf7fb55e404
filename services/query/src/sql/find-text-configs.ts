import { type Client, query } from '@synap/postgres'

/**
 * The text search configurations that a user's documents are read in: those found by jumping through the index, English,
 * in which short texts are read too, and that of the language that the user has set.
 */
export async function findTextConfigs(client: Client, schema: string): Promise<string[]> {
  const rows = await query<{ config: string }>(client, {
    name: `${schema}.find_text_configs`,
    text: `
      with recursive configs as (
        (select config from ${schema}.entity_lexemes order by config limit 1)
        union all
        select (select next.config from ${schema}.entity_lexemes as next
          where next.config > configs.config order by next.config limit 1)
        from configs where configs.config is not null
      )
      select config from configs where config is not null
      union select 'english'
      union select ${schema}.text_config(language) from ${schema}.user_settings where language is not null`,
  })
  return rows.map((row) => row.config)
}
