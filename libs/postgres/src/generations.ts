import type { Client, Pool } from './pool.ts'
import { query } from './query.ts'

/** The schemas of the database that stand for a schema named `x_v1`, by that name; none = it is not there yet. */
export type Generations = ReadonlyMap<string, readonly string[]>

/** `x_v1`, `x_v2`, … of each of these schemas that is named `x_v1`, in the order of their numbers. */
export async function findGenerations(
  executor: Pool | Client,
  schemas: readonly string[],
): Promise<Generations> {
  const found = new Map<string, string[]>()
  for (const schema of schemas.filter((name) => name.endsWith('_v1'))) {
    const names = await query<{ name: string }>(executor, {
      text: `
        select nspname as name from pg_namespace
         where nspname ~ ('^' || $1::text || '[1-9][0-9]*$')
         order by substr(nspname, length($1::text) + 1)::int`,
      values: [schema.slice(0, -1)],
    })
    if (names.length > 0)
      found.set(
        schema,
        names.map(({ name }) => name),
      )
  }
  return found
}

/** The text once for each generation of the schemas it names; as it is when it names none. */
export function forEachGeneration(sql: string, generations: Generations): string[] {
  let texts = [sql]
  for (const [schema, names] of generations) {
    const mention = new RegExp(`\\b${schema}\\b`, 'g')
    if (mention.test(sql)) texts = texts.flatMap((text) => names.map((name) => text.replace(mention, name)))
  }
  return texts
}
