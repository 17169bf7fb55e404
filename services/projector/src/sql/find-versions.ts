import { type Client, query } from '@synap/postgres'

/**
 * Versions that the read model has of entities and relations; no entry = none. Null for what it keeps no version of: the
 * user's own aggregate, analyses, and what was purged.
 */
export async function findVersions(
  client: Client,
  schema: string,
  aggregates: readonly { aggregateId: string; aggregateType: string | null }[],
): Promise<Map<string, number | null>> {
  const kept = aggregates.filter(
    ({ aggregateType }) => aggregateType === 'entity' || aggregateType === 'relation',
  )
  const rows = await query<{ id: string; version: number | null }>(client, {
    name: `${schema}.find_versions`,
    text: `
      select entity_id as id, version from ${schema}.entities where entity_id = any($1::uuid[])
      union all
      select relation_id, version from ${schema}.relations where relation_id = any($1::uuid[])
      union all
      select subject_id, null from ${schema}.purged where subject_id = any($1::uuid[])`,
    values: [kept.map(({ aggregateId }) => aggregateId)],
  })
  const others = aggregates.filter((aggregate) => !kept.includes(aggregate))
  return new Map<string, number | null>([
    ...others.map(({ aggregateId }) => [aggregateId, null] as const),
    ...rows.map(({ id, version }) => [id, version] as const),
  ])
}
