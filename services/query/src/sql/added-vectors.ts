import { type Client, query } from '@synap/postgres'
import { contentLetters } from '../vectors/packed-vectors.ts'

/**
 * What was there at a moment: every row of a transaction before `next` that was not `running`. Transactions that only came
 * to their end since are the others, and nobody has seen what they added.
 */
export interface Seen {
  next: string
  running: readonly string[]
}

/** What this transaction sees, or more exactly what it will see at least. */
export async function findSeen(client: Client): Promise<Seen> {
  const [row] = await query<Seen>(client, {
    name: 'read_meta.find_seen',
    text: `
      select pg_snapshot_xmax(s)::text as next, array(select pg_snapshot_xip(s)::text) as running
      from pg_current_snapshot() as s`,
  })
  if (row === undefined) throw new TypeError('a database without a snapshot')
  return row
}

export interface VectorRow {
  entity_id: string
  /** The transaction that added it. */
  added_in: string
  /** The first letters of its content's SHA-256. */
  content: string
  chunk: number
  /** As pgvector sends it. */
  embedding: Buffer
}

/** The last row of a page. */
export type VectorKey = Pick<VectorRow, 'added_in' | 'entity_id'>

/** A page of a user's vectors, whoever the transaction is for, in the order in which they came; all of an entity at once. */
export async function findVectors(
  client: Client,
  schema: string,
  model: string,
  { after, length }: { after: VectorKey; length: number },
): Promise<VectorRow[]> {
  return query<VectorRow>(client, {
    name: `${schema}.find_vectors`,
    text: `
      select v.entity_id, v.added_in::text, left(v.content_sha256, ${contentLetters}) as content, v.chunk,
        public.halfvec_send(v.embedding) as embedding
      from ${schema}.entity_vectors as v
      where v.model = $1::text and (v.added_in, v.entity_id) > ($2::xid8, $3::uuid)
      order by v.added_in, v.entity_id
      fetch first ($4::int) rows with ties`,
    values: [model, after.added_in, after.entity_id, length],
  })
}
