import { performance } from 'node:perf_hooks'
import { type UserId, uuidv7 } from '@synap/core'
import { type Pool, query, transaction } from '@synap/postgres'
import type { Bench, Row } from '../benchmark.ts'
import { askInTurn } from '../in-turn.ts'
import { readRealMarkdown } from '../real-markdown.ts'
import { runRounds } from '../rounds.ts'
import type { BenchServers } from '../servers.ts'
import { median, quantile, range, ratioOf } from '../statistics.ts'
import { type Asked, type Asker, ask, limit, questionOf, type Search } from './hybrid-search.ts'
import type { LabelledNote } from './labelled-set.ts'
import { storeNotes } from './store-notes.ts'

/** The slower leg and hybrid are at work so long in a round, each: in some milliseconds nothing is as warm as in a service. */
const leastMs = 600

/** Milliseconds of each answer of a round, by name. */
type Run = ReadonlyMap<string, readonly number[]>

/** Real Markdown, one user's: what each way takes, a run for each round. */
export async function measureTime(
  search: Search,
  { servers, database }: { servers: BenchServers; database: string },
  values: Readonly<Record<'notes' | 'questions' | 'rounds', number>>,
  bench: Bench,
): Promise<Run[]> {
  const { pool } = search
  const userId = uuidv7() as UserId
  const texts = await storeMarkdown(pool, userId, values.notes, bench)
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
  const answerers = [
    ...(['hybrid', 'words', 'meaning'] as const).map((name) => ({
      name,
      ask: (asked: Asked) => ask(asker, name, asked),
    })),
    {
      name: 'one after the other, fused by the program',
      ask: async (asked: Asked) => fuse(await ask(asker, 'words', asked), await ask(asker, 'meaning', asked)),
    },
  ]
  const { random, signal } = bench
  const inTurn = {
    name: 'in turn',
    run: () =>
      askInTurn({ answerers, questions, until: { names: ['hybrid', 'words'], ms: leastMs }, random, signal }),
  }
  // So much slower that it would leave nothing of the others in any cache: by itself, and once.
  const trigrams = {
    name: 'pg_trgm over titles and beginnings',
    async run() {
      const times: number[] = []
      for (const { q } of questions) {
        const began = performance.now()
        await askTrigrams(pool, userId, q)
        times.push(performance.now() - began)
      }
      return new Map([[trigrams.name, times]])
    },
  }
  const results = await runRounds<Run>({ contenders: [inTurn, trigrams], rounds: values.rounds, bench })
  const beside = results.get(trigrams.name) ?? []
  return (results.get(inTurn.name) ?? []).map((run, round) => new Map([...run, ...(beside[round] ?? [])]))
}

const quantiles = [
  ['p50', 0.5],
  ['p99', 0.99],
] as const

/** Hybrid held against the slower leg, within each round; and what each takes. */
export function timeRows(runs: readonly Run[], random: () => number): Row[] {
  const count = runs.length
  const times = (name: string, q: number) => runs.map((run) => quantile(run.get(name) ?? [], q))
  const slower = median(times('words', 0.5)) > median(times('meaning', 0.5)) ? 'words' : 'meaning'
  const more = runs.map((run) => median(differences(run.get('hybrid') ?? [], run.get(slower) ?? [])))
  return [
    ...quantiles.map(([what, q]): Row => {
      const { median: value, interval } = ratioOf(times('hybrid', q), times(slower, q), random)
      return {
        what: `${what} of hybrid / the slower leg (${slower})`,
        value,
        spread: interval,
        unit: 'times',
        count,
        target: { atMost: 1.2 },
      }
    }),
    {
      what: `hybrid less ${slower}, of the same question, p50`,
      value: median(more),
      spread: range(more),
      unit: 'ms',
      count,
    },
    ...[...(runs[0]?.keys() ?? [])].flatMap((name) =>
      quantiles.map(
        ([what, q]): Row => ({
          what: `${what}: ${name}`,
          value: median(times(name, q)),
          spread: range(times(name, q)),
          unit: 'ms',
          count,
        }),
      ),
    ),
  ]
}

/** Both were asked the same in the same order. */
const differences = (a: readonly number[], b: readonly number[]) =>
  a.map((value, at) => value - (b[at] ?? Number.NaN))

async function storeMarkdown(pool: Pool, userId: UserId, count: number, bench: Bench): Promise<string[]> {
  bench.say('storing real Markdown')
  const texts = (await readRealMarkdown(count)).map((text) => text.replaceAll('\0', ' '))
  for (let at = 0; at < texts.length; at += 200) {
    const part = texts.slice(at, at + 200).map((text, place) => noteOf(text, at + place))
    await transaction(pool, { role: 'synap_projector' }, (client) => storeNotes(client, userId, part))
  }
  return texts
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
