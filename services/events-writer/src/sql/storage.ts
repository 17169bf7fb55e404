import { type Client, query } from '@synap/postgres'

export interface Timescale {
  version: string
  /** `timescale` is the full edition, `apache` the free one, without compression. */
  license: string
  /** The schema that its functions are in. */
  place: string
}

/** TimescaleDB in this database; undefined without it. */
export async function findTimescale(client: Client): Promise<Timescale | undefined> {
  const [found] = await query<Timescale>(client, {
    text: `select e.extversion as version, coalesce(current_setting('timescaledb.license', true), 'apache') as license,
             quote_ident(n.nspname) as place
           from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'timescaledb'`,
  })
  return found
}

export interface LogTable {
  /** Milliseconds that one chunk spans. */
  chunkMs: number
  compressed: boolean
}

/** The log as a hypertable; undefined when it is a plain table. */
export async function findHypertable(client: Client): Promise<LogTable | undefined> {
  const [found] = await query<LogTable>(client, {
    text: `select (extract(epoch from d.time_interval) * 1000)::bigint as "chunkMs", h.compression_enabled as compressed
           from timescaledb_information.hypertables h
           join timescaledb_information.dimensions d using (hypertable_schema, hypertable_name)
           where h.hypertable_schema = 'log' and h.hypertable_name = 'events'`,
  })
  return found
}

/** For chunks made from now on. */
export async function setChunkInterval(client: Client, place: string, ms: number): Promise<void> {
  await query(client, {
    text: `select ${place}.set_chunk_time_interval('log.events', make_interval(secs => $1::float8 / 1000))`,
    values: [ms],
  })
}

/** What the newest two chunks tell about how fast the log grows. */
export interface Growth {
  /** Of those two, with their indexes. */
  bytes: number
  /** Since the older of them was begun; null when there is none. */
  hours: number | null
}

/** Compressed chunks are left out: their size says nothing about the next one. */
export async function measureGrowth(client: Client): Promise<Growth> {
  const [found] = await query<Growth>(client, {
    text: `with newest as (
             select pg_total_relation_size(format('%I.%I', c.chunk_schema, c.chunk_name)::regclass) as bytes,
               c.chunk_creation_time as begun
               from timescaledb_information.chunks c
               where c.hypertable_schema = 'log' and c.hypertable_name = 'events' and not c.is_compressed
                 and c.range_start <= now()
               order by c.range_start desc limit 2
           )
           select coalesce(sum(n.bytes), 0)::float8 as bytes,
             (extract(epoch from now() - min(n.begun)) / 3600)::float8 as hours
           from newest n`,
  })
  return found ?? { bytes: 0, hours: null }
}

/** Sets how chunks are compressed: a user's events together and in order. Full edition only; nothing moves yet. */
export async function enableCompression(client: Client): Promise<void> {
  await query(client, {
    text: `alter table log.events set (timescaledb.compress, timescaledb.compress_segmentby = 'user_id',
             timescaledb.compress_orderby = 'sequence')`,
  })
}

/** The oldest chunk that ended more than `days` ago and is not compressed: its name, quoted. */
export async function findChunkToCompress(client: Client, days: number): Promise<string | undefined> {
  const [found] = await query<{ chunk: string }>(client, {
    text: `select format('%I.%I', chunk_schema, chunk_name) as chunk from timescaledb_information.chunks
           where hypertable_schema = 'log' and hypertable_name = 'events' and not is_compressed
             and range_end < now() - make_interval(days => $1::int)
           order by range_end limit 1`,
    values: [days],
  })
  return found?.chunk
}

/** Whether somebody gave the log a policy of TimescaleDB that drops old chunks. */
export async function hasRetentionPolicy(client: Client): Promise<boolean> {
  const [found] = await query<{ found: boolean }>(client, {
    text: `select exists (
             select from timescaledb_information.jobs
               where proc_name = 'policy_retention' and hypertable_schema = 'log' and hypertable_name = 'events'
           ) as found`,
  })
  return found?.found === true
}

export async function compressChunk(client: Client, place: string, chunk: string): Promise<void> {
  await query(client, {
    text: `select ${place}.compress_chunk($1::regclass, if_not_compressed => true)`,
    values: [chunk],
  })
}
