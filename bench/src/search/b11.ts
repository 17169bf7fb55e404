import { performance } from 'node:perf_hooks'
import { type UserId, uuidv7 } from '@synap/core'
import { createPool, type Pool, query, transaction } from '@synap/postgres'
import { findRows } from '@synap/query/find-hits'
import type { SearchQuestion } from '@synap/query/search-question'
import { findTextConfigs } from '@synap/query/text-configs'
import { createVectorCache, type VectorCache } from '@synap/query/vector-cache'
import { createLogger } from '@synap/telemetry'
import { type Bench, defineBenchmark, type Row } from '../benchmark.ts'
import { readRealMarkdown } from '../real-markdown.ts'
import { type Contender, runRounds } from '../rounds.ts'
import { type BenchServers, startBenchServers } from '../servers.ts'
import { median, quantile, range, ratioOf } from '../statistics.ts'
import { type LabelledNote, readLabelledSet } from './labelled-set.ts'
import { ndcg } from './ndcg.ts'
import { embedQuestion, storeNotes } from './store-notes.ts'

const database = 'bench_hybrid'
const schema = 'read_v1'
const limit = 10
/** As the route of the search asks. */
const leastLikeness = 0.1

/** Milliseconds of each question. */
type Run = readonly number[]

export const b11Hybrid = defineBenchmark({
  name: 'b11-hybrid',
  summary: 'words and meaning in one search, beside either alone and other ways (B11)',
  description: `Two users. One has notes of the labelled set: how good each order is (nDCG@10), by the questions and answers that
were written down before the search was tuned; meaning is that of the offline model, likeness of words. The other has real
Markdown, the READMEs of installed packages: how long the search takes, in its transaction, under row security, question
by question. Beside hybrid: either leg alone, both legs one after the other in two transactions of a program that fuses them, and pg_trgm over
titles and beginnings, the usual way to forgive typing errors. Limit: the slower leg.`,
  options: {
    notes: { help: 'of real Markdown', unit: 'notes', default: 4_000, min: 100 },
    questions: { help: 'each contender answers in a round', unit: 'questions', default: 100, min: 10 },
    rounds: { help: 'each contender runs in', unit: 'rounds', default: 5, min: 1 },
  },
  async run(values, bench) {
    await using servers = await startBenchServers(['postgres'], bench)
    const url = await servers.createDatabase(database, ['projector'])
    const pool = createPool({ url, applicationName: 'bench-search', max: 1 })
    await using _ = { [Symbol.asyncDispose]: () => pool.end() }
    const logger = createLogger('bench', { level: 'warn' })
    const cache = createVectorCache({ pool, logger, maxBytes: 402_653_184 })
    await using __ = { [Symbol.asyncDispose]: () => cache.close() }
    const quality = await measureQuality({ pool, cache })
    const results = await measureTime({ pool, cache }, servers, values, bench)
    const times = (name: string, q: number) => (results.get(name) ?? []).map((run) => quantile(run, q))
    const [words, meaning] = [median(times('words', 0.5)), median(times('meaning', 0.5))]
    const slower = words > meaning ? 'words' : 'meaning'
    const ratio = (of: string, q: number) => ratioOf(times(of, q), times(slower, q), bench.random)
    const [p50, p99] = [ratio('hybrid', 0.5), ratio('hybrid', 0.99)]
    const count = values.rounds
    return {
      spreadIs: 'lowest to highest round; of a ratio, 95 % interval of the median',
      rows: [
        {
          what: `p50 of hybrid / the slower leg (${slower})`,
          value: p50.median,
          spread: p50.interval,
          unit: 'times',
          count,
          target: { atMost: 1.2 },
        },
        {
          what: `p99 of hybrid / the slower leg (${slower})`,
          value: p99.median,
          spread: p99.interval,
          unit: 'times',
          count,
        },
        ...qualityRows(quality),
        ...[...results.keys()].flatMap((name): Row[] =>
          (
            [
              ['p50', 0.5],
              ['p99', 0.99],
            ] as const
          ).map(([what, q]) => ({
            what: `${what}: ${name}`,
            value: median(times(name, q)),
            spread: range(times(name, q)),
            unit: 'ms',
            count,
          })),
        ),
      ],
      failures: [],
      notes: [
        `${values.notes} notes of real Markdown; the labelled set has ${readLabelledSet().notes.length} notes and ${quality.length} questions.`,
        'Time is that of the transaction: what query adds (the question’s vector, passages, marks) is the same for all.',
      ],
      raw: { quality, results: Object.fromEntries(results) },
    }
  },
})

interface Quality {
  q: string
  words: number
  meaning: number
  hybrid: number
  found: readonly (string | undefined)[]
}

/** Where questions are asked. */
interface Search {
  pool: Pool
  cache: VectorCache
}

async function measureQuality(search: Search): Promise<Quality[]> {
  const { notes, questions } = readLabelledSet()
  const userId = uuidv7() as UserId
  const ids = await transaction(search.pool, { role: 'synap_projector' }, (client) =>
    storeNotes(client, userId, notes),
  )
  const asker = { ...search, userId, vectors: notes.length }
  const names = new Map([...ids].map(([name, id]) => [id, name]))
  const qualities: Quality[] = []
  for (const { q, relevant } of questions) {
    const found = async (mode: Mode) =>
      (await ask(asker, mode, await questionOf(q))).map((id) => names.get(id) ?? '')
    const hybrid = await found('hybrid')
    qualities.push({
      q,
      words: ndcg(await found('words'), relevant, limit),
      meaning: ndcg(await found('meaning'), relevant, limit),
      hybrid: ndcg(hybrid, relevant, limit),
      found: hybrid,
    })
  }
  return qualities
}

function qualityRows(quality: readonly Quality[]): Row[] {
  const mean = (of: 'words' | 'meaning' | 'hybrid') =>
    quality.reduce((sum, one) => sum + one[of], 0) / quality.length
  const count = quality.length
  return [
    {
      what: 'nDCG@10: hybrid',
      value: mean('hybrid'),
      unit: '',
      count,
      target: { atLeast: Math.max(mean('words'), mean('meaning')) },
    },
    { what: 'nDCG@10: words', value: mean('words'), unit: '', count },
    { what: 'nDCG@10: meaning', value: mean('meaning'), unit: '', count },
  ]
}

type Mode = 'hybrid' | 'words' | 'meaning'

interface Asked {
  q: string
  vector: { values: Float32Array; model: string }
}

const questionOf = async (q: string): Promise<Asked> => ({ q, vector: await embedQuestion(q) })

interface Asker extends Search {
  userId: UserId
  vectors: number
}

/** The ids of the hits, as query finds them. */
function ask(asker: Asker, mode: Mode, { q, vector }: Asked): Promise<string[]> {
  return transaction(
    asker.pool,
    { role: 'synap_query', userId: asker.userId },
    async (client) => {
      const question: SearchQuestion = {
        text: mode === 'meaning' ? null : q,
        configs: await findTextConfigs(client, schema),
        vector: mode === 'words' ? null : vector,
        filter: {},
        leastLikeness: mode === 'hybrid' ? leastLikeness : null,
        limit,
      }
      return (await findRows({ client, schema }, question, asker)).map((row) => row.entity_id)
    },
    { readOnly: true, isolation: 'repeatable read', genericPlans: true },
  )
}

async function measureTime(
  search: Search,
  servers: BenchServers,
  values: Readonly<Record<'notes' | 'questions' | 'rounds', number>>,
  bench: Bench,
): Promise<Map<string, Run[]>> {
  const { pool } = search
  const userId = uuidv7() as UserId
  bench.say('storing real Markdown')
  const texts = (await readRealMarkdown(values.notes)).map((text) => text.replaceAll('\0', ' '))
  for (let at = 0; at < texts.length; at += 200) {
    const part = texts.slice(at, at + 200).map((text, place) => noteOf(text, at + place))
    await transaction(pool, { role: 'synap_projector' }, (client) => storeNotes(client, userId, part))
  }
  await servers.sql(
    database,
    `create extension if not exists pg_trgm;
     create index entities_trgm on read_v1.entities using gin ((coalesce(title, '') || ' ' || coalesce(preview, '')) gin_trgm_ops);
     vacuum analyze;`,
  )
  const questions = await Promise.all(
    Array.from({ length: values.questions }, () => questionOf(drawQuestion(texts, bench.random))),
  )
  const asker: Asker = { ...search, userId, vectors: texts.length }
  await ask(asker, 'meaning', questions[0] as Asked)
  await asker.cache.settled()
  const contender = (name: string, work: (asked: Asked) => Promise<unknown>): Contender<Run> => ({
    name,
    run: async () => {
      const times: number[] = []
      for (const asked of questions) {
        const began = performance.now()
        await work(asked)
        times.push(performance.now() - began)
      }
      return times
    },
  })
  const contenders = [
    contender('hybrid', (asked) => ask(asker, 'hybrid', asked)),
    contender('words', (asked) => ask(asker, 'words', asked)),
    contender('meaning', (asked) => ask(asker, 'meaning', asked)),
    contender('one after the other, fused by the program', async (asked) =>
      fuse(await ask(asker, 'words', asked), await ask(asker, 'meaning', asked)),
    ),
    contender('pg_trgm over titles and beginnings', ({ q }) => askTrigrams(pool, userId, q)),
  ]
  return runRounds({ contenders, rounds: values.rounds, bench })
}

function noteOf(text: string, place: number): LabelledNote {
  const title = /^#+ +(.+)$/m.exec(text)?.[1]?.slice(0, 200)
  return { id: String(place), type: 'note', text, language: 'en', ...(title === undefined ? {} : { title }) }
}

/** One to three words that follow each other in one of the texts. */
function drawQuestion(texts: readonly string[], random: () => number): string {
  const below = (count: number) => Math.floor(random() * count)
  for (;;) {
    const words = texts[below(texts.length)]?.match(/\p{L}{3,}/gu) ?? []
    const at = below(Math.max(1, words.length - 3))
    const part = words.slice(at, at + 1 + below(3))
    if (part.length > 0) return part.join(' ')
  }
}

function fuse(...legs: readonly string[][]): string[] {
  const scores = new Map<string, number>()
  for (const leg of legs) {
    for (const [place, id] of leg.entries()) scores.set(id, (scores.get(id) ?? 0) + 1 / (61 + place))
  }
  return [...scores].sort(([, a], [, b]) => b - a).map(([id]) => id)
}

async function askTrigrams(pool: Pool, userId: UserId, q: string): Promise<unknown> {
  return transaction(
    pool,
    { role: 'synap_projector', userId },
    (client) =>
      query(client, {
        text: `select entity_id from read_v1.entities
          where user_id = $1::uuid and $2::text operator(public.<%) (coalesce(title, '') || ' ' || coalesce(preview, ''))
          order by public.word_similarity($2::text, coalesce(title, '') || ' ' || coalesce(preview, '')) desc limit ${limit}`,
        values: [userId, q],
      }),
    { readOnly: true },
  )
}
