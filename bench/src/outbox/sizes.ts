import type { BenchServers } from '../servers.ts'

/** What the write side takes, over all partitions. */
export interface Sizes {
  /** Seconds since the start. */
  at: number
  appended: number
  partitions: number
  /** Rows in the outbox, published or not. */
  rows: number
  waiting: number
  /** Bytes of the outbox: rows with what is stored beside them, and indexes. */
  tableBytes: number
  indexBytes: number
  /** Row versions that nobody sees, by the server's own count. */
  deadTuples: number
  /** `write.users`, of which every append changes a row. */
  usersBytes: number
}

export async function readSizes(
  servers: BenchServers,
  database: string,
  known: Pick<Sizes, 'at' | 'appended'>,
): Promise<Sizes> {
  const [line = ''] = await servers.sql(
    database,
    `with parts as (select i.inhrelid as oid from pg_inherits i where i.inhparent = 'write.outbox'::regclass)
     select (select count(*) from parts),
            (select count(*) from write.outbox), (select count(*) from write.outbox where published_at is null),
            (select sum(pg_table_size(oid)) from parts), (select sum(pg_indexes_size(oid)) from parts),
            (select sum(pg_stat_get_dead_tuples(oid)) from parts), pg_total_relation_size('write.users');`,
  )
  const [
    partitions = 0,
    rows = 0,
    waiting = 0,
    tableBytes = 0,
    indexBytes = 0,
    deadTuples = 0,
    usersBytes = 0,
  ] = line.split('|').map(Number)
  return { ...known, partitions, rows, waiting, tableBytes, indexBytes, deadTuples, usersBytes }
}
