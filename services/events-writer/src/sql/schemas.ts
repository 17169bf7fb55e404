import type { DecodedEvent } from '@synap/contracts'
import type { PlacedEvent } from '@synap/inbox'
import { type Client, execute, query } from '@synap/postgres'

/** Numbers of these events' schemas by fingerprint (hex); schemas that are new get one. */
export async function numberSchemas(
  client: Client,
  events: readonly PlacedEvent<DecodedEvent>[],
): Promise<Map<string, number>> {
  const wanted = new Map(events.map((placed) => [placed.schema.fingerprint, placed]))
  const found = await findNumbers(client, [...wanted.keys()])
  for (const [fingerprint, placed] of wanted) {
    if (!found.has(fingerprint)) await insertSchema(client, placed)
  }
  return found.size === wanted.size ? found : findNumbers(client, [...wanted.keys()])
}

async function findNumbers(client: Client, fingerprints: readonly string[]): Promise<Map<string, number>> {
  const rows = await query<{ no: number; fingerprint: string }>(client, {
    name: 'log.find_schema_numbers',
    text: `select no, encode(fingerprint, 'hex') as fingerprint from log.schemas
           where fingerprint = any (select decode(f, 'hex') from unnest($1::text[]) as f)`,
    values: [fingerprints],
  })
  return new Map(rows.map((row) => [row.fingerprint, row.no]))
}

async function insertSchema(client: Client, { schema, event }: PlacedEvent<DecodedEvent>): Promise<void> {
  await execute(client, {
    text: `insert into log.schemas (fingerprint, schema_id, schema, event_type, aggregate_type)
           values (decode($1::text, 'hex'), $2::int, $3::text, $4::text, $5::text) on conflict do nothing`,
    values: [schema.fingerprint, schema.id, schema.text, event.type, event.aggregateType],
  })
}
