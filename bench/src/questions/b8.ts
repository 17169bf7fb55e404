import { createHash } from 'node:crypto'
import { logPlans } from '@synap/event-log'
import pg from 'pg'
import { type Bench, defineBenchmark } from '../benchmark.ts'
import { type Contender, runRounds } from '../rounds.ts'
import { startBenchServers } from '../servers.ts'
import { median } from '../statistics.ts'
import { type ContenderName, type Result, rowsOf } from './b8-rows.ts'
import {
  limitStatements,
  peerStatements,
  type Question,
  questions,
  type Statement,
  synapStatements,
} from './statements.ts'
import { type Asked, drawAsked, fillTables, peerTables } from './tables.ts'

const database = 'bench_questions'
/** Asked and not timed: the sixth is the first that a plan is kept for. */
const warmUps = 6
/** A table without an index is read as a whole each time. */
const timesBare = 3

export const b8Questions = defineBenchmark({
  name: 'b8-questions',
  summary: 'questions to the log beside tables, partitions and a hypertable (B8)',
  description: `The same events lie in the log, in a table without indexes, in one with the same b-trees, in native partitions by month
and in a hypertable with TimescaleDB's own chunks of a week. Asked, by prepared statements on one connection each: a user's seven days, their counts by day and
type, the newest 50 events, and all events of one entity. Limits: index-only scans of covering indexes, and for the
count the rows of a rollup. All get the same users, days and entities in turn; another answer than the limit's fails the run.`,
  options: {
    events: { help: 'in each table', unit: 'events', default: 1_000_000, min: 10_000 },
    times: { help: 'each question is asked in a round', unit: 'times', default: 60, min: 1 },
    rounds: { help: 'each contender runs in', unit: 'rounds', default: 5, min: 1 },
  },
  async run({ events, times, rounds }, bench) {
    await using servers = await startBenchServers(['postgres'], bench)
    const databaseUrl = await servers.createDatabase(database, ['events-writer'])
    await fillTables(servers, database, events, bench.say)
    const asked = await drawAsked(servers, database, warmUps + times, bench.random)
    const answers: Answers = new Map()
    const contender = (
      name: ContenderName,
      statements: Readonly<Record<Question, Statement>>,
    ): Contender<Result> => ({
      name,
      run: async () => {
        const used = name === 'bare' ? asked.slice(0, timesBare + 1) : asked
        return ask({ databaseUrl, asked: used, statements, answers, asLog: name === 'synap' }, bench)
      },
    })
    const contenders = [
      contender('synap', synapStatements),
      ...peerTables.map((table) => contender(table, peerStatements(table))),
      contender('limit', limitStatements),
    ]
    const results = await runRounds({ contenders, rounds, bench })
    return {
      spreadIs: 'lowest to highest round; of a ratio, 95 % interval of the median',
      rows: rowsOf(results as Map<ContenderName, Result[]>, bench),
      failures: [],
      notes: [
        `${events} events of 100 users in 60 days; medians of ${times} answers per round (${timesBare} without indexes), rows fetched and parsed.`,
        'Everything lies in memory. The log has the chunks of an installation of that age; the peers have a b-tree by user and time besides.',
        `A quarter of the machine's memory is Postgres' own.`,
      ],
      raw: { results: Object.fromEntries(results) },
    }
  },
})

/** What was answered first to a question about somebody: everybody has to answer the same. */
type Answers = Map<string, string>

interface Asking {
  databaseUrl: string
  asked: readonly Asked[]
  statements: Readonly<Record<Question, Statement>>
  answers: Answers
  /** As the role that the log answers to. */
  asLog: boolean
}

/** What the statement sets that begins each transaction of query on the log; here it holds for the connection. */
const beginsLikeQuery = [
  'set role synap_query',
  ...(logPlans.genericPlans === true ? ['set plan_cache_mode = force_generic_plan'] : []),
  ...Object.entries(logPlans.settings ?? {}).map(([name, value]) => `set ${name} = ${value}`),
].join('; ')

async function ask(asking: Asking, { signal }: Bench): Promise<Result> {
  const client = new pg.Client({ connectionString: asking.databaseUrl })
  await client.connect()
  try {
    if (asking.asLog) await client.query(beginsLikeQuery)
    const result = {} as Result
    for (const question of questions) {
      signal.throwIfAborted()
      result[question] = await askOne(client, asking, question)
    }
    return result
  } finally {
    await client.end()
  }
}

async function askOne(client: pg.Client, asking: Asking, question: Question): Promise<number> {
  const { asked, statements, answers, asLog } = asking
  const { text, values } = statements[question]
  const taken: number[] = []
  for (const [turn, about] of asked.entries()) {
    if (asLog) await client.query(`select set_config('synap.user_id', '${about.userId}', false)`)
    const began = performance.now()
    const { rows } = await client.query<Record<string, unknown>>({
      name: question,
      text,
      values: values(about),
    })
    const ms = performance.now() - began
    if (turn >= Math.min(warmUps, asked.length - 1)) taken.push(ms)
    assertSame(answers, `${question} ${turn}`, rows)
  }
  return median(taken)
}

function assertSame(answers: Answers, key: string, rows: readonly object[]): void {
  if (rows.length === 0) throw new Error(`${key}: nothing was found`)
  const answer = createHash('sha256').update(JSON.stringify(rows)).digest('hex')
  const first = answers.get(key) ?? answer
  if (first !== answer) throw new Error(`${key}: the answers differ`)
  answers.set(key, answer)
}
