import { createHash } from 'node:crypto'
import { type Client, toHalfvec, toVector } from '@synap/postgres'
import type { VectorUser } from './vector-store.ts'

/** One way to the nearest vectors of one user. */
export interface VectorPeer {
  name: string
  /** Parameters of the session, asked for before the clock runs. */
  settings: (effort: number) => Record<string, string>
  /** How hard the index looks, the least first; the first with enough recall counts. */
  efforts: readonly number[]
  sql: (user: VectorUser, wanted: number, effort: number) => string
  /** Asked with the vector as text, as client libraries send it; else in binary, as Synap does. */
  asText?: boolean
  /** The same technique as Synap's, without what a search must look at besides. */
  isSame?: boolean
  /** Needs an index for each user. */
  isPerUser?: boolean
}

/** Without sorting everything is dear, and compilation would begin, which takes longer than any question. */
const indexOnly = { enable_sort: 'off', enable_seqscan: 'off', jit: 'off' }
const exactOnly = { enable_sort: 'on', enable_seqscan: 'on', enable_indexscan: 'on' }
const efforts = [40, 100, 200, 400, 1_000]
const nearest = (table: string, type: string) => (user: VectorUser, wanted: number) =>
  `select entity_id from ${table} where user_id = '${user.id}'
   order by embedding operator(public.<=>) $1::public.${type}(1536) limit ${wanted}`
const hnsw = (iterative: string) => (effort: number) => ({
  ...indexOnly,
  'hnsw.ef_search': String(effort),
  'hnsw.iterative_scan': iterative,
  'hnsw.max_scan_tuples': '1000000',
})

export const vectorPeers: readonly VectorPeer[] = [
  {
    name: 'one HNSW, filter behind it',
    settings: hnsw('off'),
    efforts,
    sql: nearest('read_v1.entity_vectors', 'halfvec'),
  },
  {
    name: 'one HNSW, iterative, strict',
    settings: hnsw('strict_order'),
    efforts,
    sql: nearest('read_v1.entity_vectors', 'halfvec'),
  },
  {
    name: 'one HNSW, iterative, relaxed',
    settings: hnsw('relaxed_order'),
    efforts,
    sql: nearest('read_v1.entity_vectors', 'halfvec'),
  },
  {
    name: 'HNSW in 16 hash partitions, iterative, strict',
    settings: hnsw('strict_order'),
    efforts,
    sql: nearest('peers.parts', 'halfvec'),
  },
  {
    name: 'HNSW in 16 hash partitions, iterative, relaxed',
    settings: hnsw('relaxed_order'),
    efforts,
    sql: nearest('peers.parts', 'halfvec'),
  },
  {
    name: 'bits in one HNSW, iterative, compared again',
    settings: hnsw('strict_order'),
    efforts: [50, 100, 200, 400, 1_000],
    sql: (user, wanted, effort) =>
      `select entity_id from (
         select entity_id, embedding from peers.vectors where user_id = '${user.id}'
         order by public.binary_quantize(embedding)::bit(1536) operator(public.<~>)
           public.binary_quantize($1::public.halfvec(1536)) limit ${effort}
       ) as candidates order by embedding operator(public.<=>) $1::public.halfvec(1536) limit ${wanted}`,
  },
  {
    name: 'exact, vector as it comes, b-tree on the user',
    settings: () => exactOnly,
    efforts: [0],
    sql: nearest('peers.plain', 'vector'),
  },
  {
    name: 'exact, halfvec inline, the vectors alone',
    settings: () => ({ ...exactOnly, enable_indexscan: 'off' }),
    efforts: [0],
    sql: nearest('read_v1.entity_vectors', 'halfvec'),
    isSame: true,
  },
]

/** For users that have an index of their own; where users are many, nobody could keep those. */
export const ownIndexPeers: readonly VectorPeer[] = [
  {
    name: 'an HNSW of the user’s own',
    settings: hnsw('off'),
    efforts,
    sql: nearest('peers.vectors', 'halfvec'),
    isPerUser: true,
  },
  {
    name: 'the same, asked in text',
    settings: hnsw('off'),
    efforts,
    sql: nearest('peers.vectors', 'halfvec'),
    isPerUser: true,
    asText: true,
  },
]

/** `vector` has no binary form here. */
const encode = ({ name }: VectorPeer, question: Float32Array) =>
  name.includes('vector as it comes') ? toVector(question) : toHalfvec(question)

/** Prepared once, as every statement of Synap is. */
const nameOf = ({ name }: VectorPeer, text: string) =>
  createHash('md5').update(name).update(text).digest('hex')

/** Asks all questions in turn; the entities found for each. */
export async function askPeer(
  client: Client,
  peer: VectorPeer,
  effort: number,
  user: VectorUser,
  questions: readonly Float32Array[],
  wanted: number,
): Promise<string[][]> {
  const text = peer.sql(user, wanted, effort)
  const found: string[][] = []
  for (const question of questions) {
    const value = peer.asText === true ? toVector(question) : encode(peer, question)
    const { rows } = await client.query<{ entity_id: string }>({
      name: nameOf(peer, text),
      text,
      values: [value],
    })
    found.push(rows.map((row) => row.entity_id))
  }
  return found
}
