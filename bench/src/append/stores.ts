import { eventTypes, recordNameOf, schemaFileOf } from '@synap/contracts'
import { makeWorkerUtils } from 'graphile-worker'
import type { BenchServers } from '../servers.ts'
import type { Appended } from './job.ts'
import { allUsers } from './template.ts'

/** Where each kind of contender leaves its events, and the column with their ids. */
export const places = {
  synap: { table: 'write.outbox', id: 'event_id' },
  peer: { table: 'bench.outbox', id: 'event_id' },
  job: { table: 'graphile_worker._private_jobs', id: `(payload ->> 'eventId')` },
} as const
export type Place = keyof typeof places

/** A database with ingest's tables and the peers': the same columns and indexes, without what numbers the rows. */
export async function createStores(servers: BenchServers, database: string): Promise<string> {
  const url = await servers.createDatabase(database, ['ingest'])
  await servers.sql(
    database,
    `create schema bench;
     create sequence bench.outbox_id;
     create table bench.items (like write.streams including all);
     create table bench.outbox (like write.outbox including all);
     alter table bench.outbox alter column id set default nextval('bench.outbox_id');
     create table bench.one_row (id bigint generated always as identity primary key, user_id uuid not null, delta bytea not null);
     grant usage on schema bench to public; grant all on all tables in schema bench to public;
     grant usage on all sequences in schema bench to public;`,
  )
  const utils = await makeWorkerUtils({ connectionString: url })
  try {
    await utils.migrate()
  } finally {
    await utils.release()
  }
  return url
}

/** Notes the schemas of all events, as the register command does: ingest refuses to start without them. */
export async function noteSchemas(servers: BenchServers, database: string): Promise<void> {
  const rows = eventTypes.map((type, index) => {
    const { text, subject, fingerprint } = schemaFileOf(type)
    const name = recordNameOf(type)
    return `('\\x${fingerprint.toString('hex')}', '${name}', '${subject}', $json$${text}$json$, ${index + 1})`
  })
  await servers.sql(
    database,
    `insert into write.schemas (fingerprint, record_name, subject, schema, registry_id) values ${rows.join(', ')};`,
  )
}

/** Empties all tables but for the users, who are there before anybody writes. */
export async function emptyStores(servers: BenchServers, database: string): Promise<void> {
  await servers.sql(
    database,
    'truncate write.streams, write.outbox, bench.items, bench.outbox, bench.one_row, graphile_worker._private_jobs;',
  )
  await emptyUsers(servers, database)
}

/** Makes the users afresh, none of whom has written anything. */
export async function emptyUsers(servers: BenchServers, database: string): Promise<void> {
  const users = allUsers.map((id) => `('${id}')`).join(', ')
  await servers.sql(
    database,
    `truncate write.users, write.tags, write.api_keys;
     insert into write.users (user_id) values ${users};
     analyze write.users;
     checkpoint;`,
  )
}

/** Throws unless the events that were acknowledged are there, all and once, and Synap's in gapless sequences. */
export async function assertStored(
  servers: BenchServers,
  database: string,
  place: Place,
  { items, idSum }: Pick<Appended, 'items' | 'idSum'>,
): Promise<void> {
  const { table, id } = places[place]
  const [sums] = await servers.sql(
    database,
    `select count(*), coalesce(sum(('x' || left(md5(${id}::text), 15))::bit(60)::bigint), 0) from ${table};`,
  )
  if (sums !== `${items}|${idSum}`) throw new Error(`${table} has ${sums}, expected ${items}|${idSum}`)
  if (place === 'synap') await assertNumbered(servers, database, items)
}

async function assertNumbered(servers: BenchServers, database: string, items: number): Promise<void> {
  const [wrong] = await servers.sql(
    database,
    `select count(*) from (
       select u.user_id from write.users u left join (
         select user_id, count(*) as events, min(sequence) as first, max(sequence) as last,
                array_agg(sequence order by id) = array_agg(sequence order by sequence) as ordered
           from write.outbox group by user_id
       ) o using (user_id)
        where coalesce(o.last, 0) <> u.sequence or (o.events <> o.last or o.first <> 1 or not o.ordered)
     ) w;`,
  )
  const [streams] = await servers.sql(database, 'select count(*) from write.streams;')
  if (wrong !== '0' || streams !== String(items))
    throw new Error(`${wrong} users have wrong numbers, ${streams} states of ${items}`)
}
