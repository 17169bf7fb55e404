import type { UserId } from '@synap/core'
import { type Client, execute } from '@synap/postgres'

/** Notes by whose vectors users' items are compared from now on; null takes the note away. */
export async function replaceChosenModels(
  client: Client,
  schema: string,
  chosen: ReadonlyMap<UserId, string | null>,
): Promise<void> {
  await execute(client, {
    name: `${schema}.replace_chosen_models`,
    text: `
      with chosen as (select * from unnest($1::uuid[], $2::text[]) as c (user_id, model)),
      gone as (
        delete from ${schema}.chosen_models as m using chosen as c where c.user_id = m.user_id and c.model is null
      )
      insert into ${schema}.chosen_models as m (user_id, model)
      select user_id, model from chosen where model is not null order by user_id
      on conflict (user_id) do update set model = excluded.model, projected_at = clock_timestamp()
      where m.model <> excluded.model`,
    values: [[...chosen.keys()], [...chosen.values()]],
  })
}
