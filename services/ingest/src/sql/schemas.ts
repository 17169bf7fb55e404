import { type Client, query } from '@synap/postgres'

/** A schema as the registry holds it. */
export interface SchemaRow {
  /** SHA-256 of the text, 64 hexadecimal characters. */
  fingerprint: string
  record_name: string
  subject: string
  schema: string
  registry_id: number
}

export function selectSchemas(client: Client): Promise<SchemaRow[]> {
  return query(client, {
    name: 'write.select_schemas',
    text: `
      select encode(fingerprint, 'hex') as fingerprint, record_name, subject, schema, registry_id
        from write.schemas`,
  })
}

/** The registry's newest answer wins: a registry that was set up anew gives other ids. */
export async function upsertSchema(client: Client, row: SchemaRow): Promise<void> {
  await query(client, {
    name: 'write.upsert_schema',
    text: `
      insert into write.schemas (fingerprint, record_name, subject, schema, registry_id)
      values (decode($1::text, 'hex'), $2::text, $3::text, $4::text, $5::int)
      on conflict (fingerprint) do update
      set registry_id = excluded.registry_id, subject = excluded.subject, registered_at = clock_timestamp()`,
    values: [row.fingerprint, row.record_name, row.subject, row.schema, row.registry_id],
  })
}
