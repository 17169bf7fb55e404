import { createHash } from 'node:crypto'
import { type Client, toHalfvec, toVector } from '@synap/postgres'
import { conditionOf, isFiltered, type VectorFilter } from './vector-filters.ts'
import { partitions, type VectorUser } from './vector-store.ts'

/** One way to the nearest vectors of one user. */
export interface VectorPeer {
  name: string
  /** Parameters of the session, asked for before the clock runs. */
  settings: (effort: number, filter: VectorFilter) => Record<string, string>
  /** How hard the index looks, the least first; the first with enough recall counts. */
  efforts: readonly number[]
  sql: (question: PeerQuestion) => string
  /** Asked with the vector as text, as client libraries send it; else in binary, as Synap does. */
  asText?: boolean
  /** Needs an index for each user. */
  isPerUser?: boolean
  /** In a partition: an index for each user where a user fills it. */
  isPartitioned?: boolean
}

export interface PeerQuestion {
  user: VectorUser
  filter: VectorFilter
  wanted: number
  effort: number
}

/** Without sorting everything is dear, and compilation would begin, which takes longer than any question. */
const indexOnly = { enable_sort: 'off', enable_seqscan: 'off', jit: 'off' }
/** A scan of a bitmap reads what a b-tree keeps together; an index over vectors cannot be read so, and is left out. */
const exactOnly = { enable_sort: 'on', enable_seqscan: 'off', enable_indexscan: 'off', jit: 'off' }
const efforts = [40, 100, 200, 400, 1_000]
const nearest =
  (table: string, type: string) =>
  ({ user, filter, wanted }: PeerQuestion) =>
    `select entity_id from ${table} where user_id = '${user.id}' ${conditionOf(filter)}
     order by embedding operator(public.<=>) $1::public.${type}(1536) limit ${wanted}`
const hnsw = (iterative: string) => (effort: number) => ({
  ...indexOnly,
  enable_bitmapscan: 'off',
  'hnsw.ef_search': String(effort),
  'hnsw.iterative_scan': iterative,
  'hnsw.max_scan_tuples': '1000000',
})
/** Without a filter nothing has to be looked for behind the first. */
const ownHnsw = (effort: number, filter: VectorFilter) =>
  hnsw(isFiltered(filter) ? 'strict_order' : 'off')(effort)

/** For users that have an index of their own; where users are many, nobody could keep those. */
export const ownIndexPeers: readonly VectorPeer[] = [
  {
    name: 'an HNSW of the user’s own',
    settings: ownHnsw,
    efforts,
    sql: nearest('peers.vectors', 'halfvec'),
    isPerUser: true,
  },
  {
    name: 'the same, asked in text',
    settings: ownHnsw,
    efforts,
    sql: nearest('peers.vectors', 'halfvec'),
    isPerUser: true,
    asText: true,
  },
]

export const vectorPeers: readonly VectorPeer[] = [
  {
    name: 'exact, halfvec inline, b-tree on user and filter',
    settings: () => exactOnly,
    efforts: [0],
    sql: nearest('peers.vectors', 'halfvec'),
  },
  ...(['strict', 'relaxed'] as const).map(
    (order): VectorPeer => ({
      name: `HNSW in ${partitions} hash partitions, iterative, ${order}`,
      settings: hnsw(`${order}_order`),
      efforts,
      sql: nearest('peers.parts', 'halfvec'),
      isPartitioned: true,
    }),
  ),
  {
    name: 'one HNSW, filter behind it',
    settings: hnsw('off'),
    efforts,
    sql: nearest('read_v1.entity_vectors', 'halfvec'),
  },
  ...(['strict', 'relaxed'] as const).map(
    (order): VectorPeer => ({
      name: `one HNSW, iterative, ${order}`,
      settings: hnsw(`${order}_order`),
      efforts,
      sql: nearest('read_v1.entity_vectors', 'halfvec'),
    }),
  ),
  {
    name: 'bits in one HNSW, iterative, compared again',
    settings: hnsw('strict_order'),
    efforts: [50, 100, 200, 400, 1_000],
    sql: ({ user, filter, wanted, effort }) =>
      `select entity_id from (
         select entity_id, embedding from peers.vectors where user_id = '${user.id}' ${conditionOf(filter)}
         order by public.binary_quantize(embedding)::bit(1536) operator(public.<~>)
           public.binary_quantize($1::public.halfvec(1536)) limit ${effort}
       ) as candidates order by embedding operator(public.<=>) $1::public.halfvec(1536) limit ${wanted}`,
  },
  {
    name: 'exact, vector as it comes, b-tree on user and filter',
    settings: () => exactOnly,
    efforts: [0],
    sql: nearest('peers.plain', 'vector'),
  },
]

/** `vector` has no binary form here. */
const encode = ({ name }: VectorPeer, question: Float32Array) =>
  name.includes('vector as it comes') ? toVector(question) : toHalfvec(question)

/** Prepared once, as every statement of Synap is. */
const nameOf = ({ name }: VectorPeer, text: string) =>
  createHash('md5').update(name).update(text).digest('hex')

/** Sets a session up for it; takes no part in the time. */
export async function setUpPeer(
  client: Client,
  peer: VectorPeer,
  { effort, filter }: Pick<PeerQuestion, 'effort' | 'filter'>,
): Promise<void> {
  await client.query('reset all')
  for (const [name, value] of Object.entries(peer.settings(effort, filter))) {
    await client.query('select set_config($1, $2, false)', [name, value])
  }
}

/** Asks all questions in turn; the entities found for each. */
export async function askPeer(
  client: Client,
  peer: VectorPeer,
  asked: PeerQuestion,
  questions: readonly Float32Array[],
): Promise<string[][]> {
  const text = peer.sql(asked)
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
