import type { Pool } from '@synap/postgres'
import { counter, type Logger } from '@synap/telemetry'
import type { Seen } from '../sql/added-vectors.ts'
import { type CandidateQuestion, type Candidates, findCandidates, nearestPassage } from './find-candidates.ts'
import { createHeldVectors } from './held-vectors.ts'
import { createKeptChoices, type KeptChoices } from './kept-choices.ts'
import type { VectorsOf } from './load-vectors.ts'
import { perSlab } from './packed-vectors.ts'
import { createPassShares, type PassShares } from './pass-shares.ts'
import { createReadQueue } from './read-queue.ts'
import { readVectors } from './read-vectors.ts'
import { createSlabs, slabBytes } from './slabs.ts'

export interface FoundCandidates extends Candidates {
  /** What was seen of the user's vectors: those that came since are not among the candidates. */
  since: Seen
  /** How many of the user's vectors are here. */
  count: number
  /** As far as is known none came since, and none is gone. */
  isLevel: boolean
}

/**
 * `cached`: answered from memory; `missing`: these vectors are not there; `behind`: very many came since; `too few`: of what
 * memory gave, too little was left, as after a narrow filter. But for the first, the read model's vectors were asked.
 */
export type CacheOutcome = 'cached' | 'missing' | 'behind' | 'too few'

/** Vectors of the users who asked last, small enough for memory: which may be near a question. The read model has them all. */
export interface VectorCache extends KeptChoices {
  holds(of: VectorsOf): boolean
  /** Undefined: these vectors are not here. */
  find(of: VectorsOf, question: CandidateQuestion): FoundCandidates | undefined
  /**
   * What a search found out: how many vectors the user has, and how many came since. Has them read in the background when
   * they are missing or it is worth it; the search does not wait.
   */
  told(of: VectorsOf, known: { vectors: number; added: number }): void
  /** The passage of an entity's content that is nearest; null: there is none; undefined: these vectors are not here. */
  nearestPassage(
    of: VectorsOf,
    values: Float32Array,
    passage: { id: Uint8Array; content: string },
  ): { chunk: number; likeness: number } | null | undefined
  shares: PassShares
  /** Counts a question by what came of it. */
  count(outcome: CacheOutcome): void
  /** Memory in use. */
  bytes(): number
  /** Resolves when nothing is being read. */
  settled(): Promise<void>
  close(): Promise<void>
}

export interface VectorCacheOptions {
  pool: Pool
  logger: Logger
  /** Memory at most, in bytes; below 64 KiB nothing is kept. */
  maxBytes: number
  now?: () => number
}

/** Share of the memory that what filters let pass may take. */
const choicesShare = 1 / 32
/** Fewer vectors than this are compared in the database at no cost worth speaking of. */
const leastVectors = 100
/** Vectors that came since, from which on they are read: until then each search compares them besides. */
const worthReading = 1
/** After this long all are read anew. */
const oldMs = 3_600_000
/** So many times as many as there are: then more than a few are gone, and they are read anew at once. */
const goneShare = 1.25
const goneAtLeast = 32
/** Where fewer are gone of no more than so many, after so long for each that is here, and after a minute at least. */
const fewVectors = 20_000
const goneMs = 10
const leastGoneMs = 60_000
/** Not asked for so long, they leave. */
const idleMs = 900_000

const questions = counter('synap_query_vector_cache_questions', {
  help: 'Questions by meaning, by what the vectors in memory did for them.',
})

export function createVectorCache(options: VectorCacheOptions): VectorCache {
  const { pool, logger, maxBytes, now = Date.now } = options
  const slabs = createSlabs(maxBytes * (1 - choicesShare))
  const held = createHeldVectors(now)
  const queue = createReadQueue()
  const look = (of: VectorsOf) => held.look(keyOf(of))
  const { kept, ...choices } = createKeptChoices({
    pool,
    logger,
    queue,
    look,
    maxBytes: maxBytes * choicesShare,
  })
  const clean = () => {
    held.dropIdle(idleMs)
    choices.dropGone()
  }
  const clock = setInterval(clean, idleMs / 10).unref()
  const room = slabs.limit * perSlab
  return {
    holds: (of) => look(of) !== undefined,
    find(of, question) {
      const found = held.use(keyOf(of))
      if (found === undefined) return undefined
      const { packed, since, isBehind } = found
      return { ...findCandidates(packed, question), since, count: packed.count(), isLevel: !isBehind }
    },
    nearestPassage(of, values, passage) {
      const found = look(of)
      return found && nearestPassage(found.packed, values, passage)
    },
    told(of, { vectors, added }) {
      const key = keyOf(of)
      if (vectors < leastVectors || vectors > room) return held.drop(key)
      const found = held.look(key)
      if (found !== undefined) found.isBehind = added > 0 || found.packed.count() !== vectors
      const anew = found === undefined || now() - found.readAt > staleMs(found.packed.count(), vectors)
      if (anew || added >= worthReading) {
        queue.want(key, (signal) =>
          readVectors({ pool, slabs, held, logger, now }, { key, of, anew }, signal),
        )
      }
    },
    shares: createPassShares(),
    ...kept,
    count: (outcome) => questions.add(1, { outcome }),
    bytes: () => slabs.used() * slabBytes + choices.bytes(),
    settled: () => queue.settled(),
    async close() {
      clearInterval(clock)
      await queue.close()
      held.dropIdle(-Infinity)
      choices.dropGone()
    },
  }
}

/** After how long those that are here are read anew: what is gone keeps them from being answered from alone. */
function staleMs(here: number, vectors: number): number {
  if (here > vectors * goneShare + goneAtLeast) return 0
  return here > vectors && here <= fewVectors ? Math.max(leastGoneMs, here * goneMs) : oldMs
}

const keyOf = ({ schema, userId, model }: VectorsOf) => `${schema}/${userId}/${model}`
