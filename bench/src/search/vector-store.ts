import { type UserId, uuidv7 } from '@synap/core'
import { type CopyColumn, copyBinary, createPool, transaction } from '@synap/postgres'
import type { BenchServers } from '../servers.ts'
import type { Clusters } from './clusters.ts'
import { bucketColumn, insertEntities } from './vector-filters.ts'

export const model = 'bench-model'
/** Long, as they are. */
const contentHash = '0123456789abcdef'.repeat(4)

/** A user with what is known of the vectors outside the database. */
export interface VectorUser {
  id: UserId
  entities: readonly string[]
  points: readonly Float32Array[]
}

/** Draws a user's vectors, one entity each, rounded as the database keeps them (float16). */
export function drawUser(count: number, clusters: Clusters): VectorUser {
  return {
    id: uuidv7() as UserId,
    entities: Array.from({ length: count }, () => uuidv7()),
    points: Array.from({ length: count }, () => new Float32Array(new Float16Array(clusters.draw()))),
  }
}

/** Stores them as the projector does, the rows of all users mixed, as they would have come; index built afterwards. */
export async function storeUsers(
  url: string,
  servers: BenchServers,
  users: readonly VectorUser[],
  say: (text: string) => void,
): Promise<void> {
  const database = new URL(url).pathname.slice(1)
  const pool = createPool({ url, applicationName: 'bench-search', max: 1 })
  try {
    const [index] = await servers.sql(
      database,
      `select pg_get_indexdef('read_v1.entity_vectors_hnsw'::regclass)`,
    )
    await servers.sql(
      database,
      `drop index read_v1.entity_vectors_hnsw; alter table read_v1.entity_vectors add column ${bucketColumn};`,
    )
    say('storing vectors')
    // A statement has its time, so the rows come by slices.
    for (const rows of slicesOf(rowsOf(users), 2_000)) {
      await transaction(pool, { role: 'synap_projector' }, (client) =>
        copyBinary(client, 'read_v1.entity_vectors', columns, rows),
      )
    }
    await servers.sql(database, insertEntities)
    say('building the index over all vectors')
    await servers.sql(
      database,
      `set maintenance_work_mem = '4GB'; set max_parallel_maintenance_workers = 2;
       ${index};`,
    )
    await servers.sql(database, 'vacuum analyze')
  } finally {
    await pool.end()
  }
}

const columns: readonly CopyColumn[] = [
  { name: 'entity_id', type: 'uuid' },
  { name: 'content_sha256', type: 'text' },
  { name: 'producer', type: 'text' },
  { name: 'block', type: 'int4' },
  { name: 'chunk', type: 'int4' },
  { name: 'user_id', type: 'uuid' },
  { name: 'model', type: 'text' },
  { name: 'char_start', type: 'int4' },
  { name: 'char_end', type: 'int4' },
  { name: 'embedding', type: 'halfvec' },
]

function* slicesOf<T>(rows: Iterable<T>, size: number): Generator<T[]> {
  let slice: T[] = []
  for (const row of rows) {
    slice.push(row)
    if (slice.length < size) continue
    yield slice
    slice = []
  }
  yield slice
}

function* rowsOf(users: readonly VectorUser[]): Generator<readonly unknown[]> {
  const most = Math.max(...users.map((user) => user.points.length))
  // Each user's rows are spread evenly over the table.
  for (let step = 0; step < most; step += 1) {
    for (const { id, entities, points } of users) {
      const from = Math.floor((step * points.length) / most)
      const to = Math.floor(((step + 1) * points.length) / most)
      for (let place = from; place < to; place += 1) {
        yield [entities[place], contentHash, 'p', 0, 0, id, model, 0, 1, points[place]]
      }
    }
  }
}

/** So few that users share them, as thousands would share any number. */
export const partitions = 4
const parts = Array.from({ length: partitions }, (_, part) => part)

/** As Synap's own index: with pgvector's default one of 25 of the nearest is not to be found, or only with many times the effort. */
const linked = 'with (ef_construction = 200)'

/** Tables for those that keep vectors in another way, with the same rows. */
export async function storePeers(
  database: string,
  servers: BenchServers,
  partialFor: readonly VectorUser[],
  say: (text: string) => void,
): Promise<void> {
  say('storing vectors as others keep them')
  await servers.sql(
    database,
    `create schema peers;
     create table peers.plain as select entity_id, user_id, bucket, embedding::public.vector(1536) as embedding
       from read_v1.entity_vectors;
     create index on peers.plain (user_id, bucket);
     create table peers.vectors (entity_id uuid, user_id uuid, bucket smallint, embedding public.halfvec(1536) storage plain);
     insert into peers.vectors select entity_id, user_id, bucket, embedding from read_v1.entity_vectors;
     create index on peers.vectors (user_id, bucket);
     create table peers.parts (entity_id uuid, user_id uuid, bucket smallint, embedding public.halfvec(1536) storage plain)
       partition by hash (user_id);
     ${parts.map((part) => `create table peers.parts_${part} partition of peers.parts for values with (modulus ${parts.length}, remainder ${part});`).join('\n')}
     insert into peers.parts select entity_id, user_id, bucket, embedding from read_v1.entity_vectors;
     grant usage on schema peers to synap_projector; grant select on all tables in schema peers to synap_projector;`,
  )
  say('building the index over bits, one for each partition, and one for each user that is asked')
  const partial = partialFor.map(
    ({ id }) =>
      `create index on peers.vectors using hnsw (embedding public.halfvec_cosine_ops) ${linked} where user_id = '${id}';`,
  )
  await servers.sql(
    database,
    `set maintenance_work_mem = '4GB'; set max_parallel_maintenance_workers = 2;
     create index on peers.vectors using hnsw ((public.binary_quantize(embedding)::bit(1536)) public.bit_hamming_ops) ${linked};
     create index on peers.parts using hnsw (embedding public.halfvec_cosine_ops) ${linked};
     ${partial.join('\n')}`,
  )
  await servers.sql(database, 'vacuum analyze')
}

/** Share of the vectors of a user's partition that are the user's own: most, and its index is one for this user. */
export async function shareOfPartition(
  database: string,
  servers: BenchServers,
  { id }: VectorUser,
): Promise<number> {
  const [line = '0'] = await servers.sql(
    database,
    `select count(*) filter (where user_id = '${id}')::float8 / count(*) from peers.parts
     where tableoid = (select tableoid from peers.parts where user_id = '${id}' limit 1)`,
  )
  return Number(line)
}
