import { performance } from 'node:perf_hooks'
import { type Client, type Pool, query, toUuids, transaction } from '@synap/postgres'
import { findRows } from '@synap/query/find-hits'
import { findPosition } from '@synap/query/find-position'
import type { VectorCache } from '@synap/query/vector-cache'
import type { VectorFilter } from './vector-filters.ts'
import { askPeer, setUpPeer, type VectorPeer } from './vector-peers.ts'
import { model, type VectorUser } from './vector-store.ts'

export interface Run {
  /** Questions answered per second, when it has answered some. */
  rate: number
  recall: number
  /** Rows of the answer that had the fewest. */
  fewest: number
}

/** What is asked, and what is right. */
export interface Asked {
  user: VectorUser
  filter: VectorFilter
  questions: readonly Float32Array[]
  /** Of each question. */
  truth: readonly ReadonlySet<string>[]
  wanted: number
}

export const enough = 0.99
/** As query reads: one snapshot, under row security. */
const reading = { readOnly: true, isolation: 'repeatable read', genericPlans: true } as const

/** Query's own search by meaning, in its transaction. */
export async function askSynap(
  { pool, cache }: { pool: Pool; cache: VectorCache },
  { user, filter, wanted }: Asked,
  questions: readonly Float32Array[],
): Promise<string[][]> {
  const found: string[][] = []
  const asker = { userId: user.id, vectors: user.points.length, cache }
  for (const values of questions) {
    const question = {
      text: null,
      configs: [],
      vector: { values, model },
      filter: filter.filter,
      leastLikeness: null,
      limit: wanted,
    }
    const rows = await transaction(
      pool,
      { role: 'synap_query', userId: user.id },
      (client) => {
        const position = () => findPosition(client, 'read_v1', user.id)
        return findRows({ client, schema: 'read_v1', position }, question, asker)
      },
      reading,
    )
    found.push(rows.map((row) => row.entity_id))
  }
  return found
}

/** Ten rows by their keys: what any answer of the database takes, whatever it was found by. */
export async function askFloor(pool: Pool, { user, questions, truth }: Asked): Promise<string[][]> {
  const statement = {
    name: 'read_v1.bench_floor',
    text: `select e.entity_id from unnest($1::uuid[]) as k(entity_id) cross join lateral (
      select e.entity_id from read_v1.entities as e where e.entity_id = k.entity_id offset 0) as e`,
  }
  const keys = questions.map((_, at) =>
    toUuids(Buffer.from([...(truth[at] ?? [])].join('').replaceAll('-', ''), 'hex')),
  )
  const found: string[][] = []
  for (const ids of keys) {
    const rows = await transaction(
      pool,
      { role: 'synap_query', userId: user.id },
      (client) => query<{ entity_id: string }>(client, { ...statement, values: [ids] }),
      reading,
    )
    found.push(rows.map((row) => row.entity_id))
  }
  return found
}

/** Who is quick answers the questions again and again, so long: in some milliseconds nothing is as warm as in a service. */
const leastMs = 400

/** What the first pass found, and the rate of the others, where one pass is quick. */
export async function runTimed(
  ask: (questions: readonly Float32Array[]) => Promise<string[][]>,
  { questions, truth }: Asked,
  count = questions.length,
): Promise<Run> {
  const some = questions.slice(0, count)
  let began = performance.now()
  const found = await ask(some)
  let ms = performance.now() - began
  let answered = found.length
  if (ms < leastMs) {
    began = performance.now()
    for (answered = 0, ms = 0; ms < leastMs; ms = performance.now() - began) {
      await ask(some)
      answered += some.length
    }
  }
  const shares = found.map((ids, at) => {
    const right = truth[at] ?? new Set()
    return right.size === 0 ? 1 : ids.filter((id) => right.has(id)).length / right.size
  })
  return {
    rate: (answered / ms) * 1_000,
    recall: shares.reduce((sum, share) => sum + share, 0) / shares.length,
    fewest: Math.min(...found.map((ids) => ids.length)),
  }
}

export interface Tried {
  peer: VectorPeer
  effort: number
  /** Of the last try. */
  run: Run
  /** So slow that it cannot be the best: the try is all that is measured of it. */
  isSlow: boolean
}

/** A peer that is so many times as slow as the best with enough recall is not asked any further. */
const hopeless = 8
const fewQuestions = 3

/** The least effort with enough recall, or the most there is. */
export async function leastEffort(
  client: Client,
  peer: VectorPeer,
  asked: Asked,
  bestRate: number,
): Promise<Tried> {
  let tried: Tried | undefined
  for (const effort of peer.efforts) {
    const ask = (questions: readonly Float32Array[]) => askPeer(client, peer, { ...asked, effort }, questions)
    await setUpPeer(client, peer, { effort, filter: asked.filter })
    // The first question finds nothing planned and nothing in memory.
    await ask(asked.questions.slice(0, 1))
    const few = await runTimed(ask, asked, fewQuestions)
    if (few.rate * hopeless < bestRate) return { peer, effort, run: few, isSlow: true }
    const run = await runTimed(ask, asked)
    tried = { peer, effort, run, isSlow: false }
    if (run.recall >= enough) return tried
  }
  if (tried === undefined) throw new TypeError(`${peer.name} has no effort`)
  return tried
}
