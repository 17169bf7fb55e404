import { performance } from 'node:perf_hooks'
import { type Client, createPool, type Pool, transaction } from '@synap/postgres'
import { exactVectors, findRows } from '@synap/query/find-hits'
import { createVectorCache, type VectorCache } from '@synap/query/vector-cache'
import { createLogger } from '@synap/telemetry'
import { type Bench, defineBenchmark, type Row } from '../benchmark.ts'
import { type Contender, runRounds } from '../rounds.ts'
import { startBenchServers } from '../servers.ts'
import { median, range, ratioOf } from '../statistics.ts'
import { type Clusters, createClusters, nearestOf } from './clusters.ts'
import { askPeer, ownIndexPeers, type VectorPeer, vectorPeers } from './vector-peers.ts'
import { drawUser, model, storePeers, storeUsers, type VectorUser } from './vector-store.ts'

const database = 'bench_vectors'
const wanted = 10
const enough = 0.99
const limitName = 'limit: scan in memory'
/** The first search of a user. */
const coldName = 'Synap, vectors not in memory'
/** As by default. */
const memoryBytes = 268_435_456

interface Run {
  /** Questions answered per second. */
  rate: number
  recall: number
  /** Rows of the answer that had the fewest. */
  fewest: number
}

export const b10Vectors = defineBenchmark({
  name: 'b10-vectors',
  summary: 'the nearest vectors of one user among those of many, beside other ways (B10)',
  description: `Users with few, some and very many vectors (1536 dimensions, in clusters that users share) lie in one table. Each
contender answers the same questions one after the other through one connection; its ten nearest are held against those
that a scan of all of the user's vectors in memory finds. Of an index that can look harder or less hard, the least effort
counts that reaches a recall of 0.99, tried before the rounds. Synap runs its search by meaning: candidates from the vectors in
its memory, read before the rounds, and the statement with the check that content is current, in its transaction under row
security; the others run one bare SELECT, prepared, with the vector in binary. Limit: the scan in memory.`,
  options: {
    small: { help: 'of a user with few', unit: 'vectors', default: 1_000, min: 100 },
    medium: { help: 'of a user with some', unit: 'vectors', default: 10_000, min: 100 },
    large: { help: 'of the user with most', unit: 'vectors', default: 100_000, min: 100 },
    others: {
      help: 'more users with few, and with some a fifth of that',
      unit: 'users',
      default: 10,
      min: 0,
    },
    clusters: { help: 'that all users share', unit: 'clusters', default: 500, min: 1 },
    questions: { help: 'each contender answers in a round', unit: 'questions', default: 40, min: 1 },
    rounds: { help: 'each contender runs in', unit: 'rounds', default: 5, min: 1 },
  },
  async run(values, bench) {
    await using servers = await startBenchServers(['postgres'], bench)
    const url = await servers.createDatabase(database, ['projector'])
    const clusters = createClusters(values.clusters, bench.random)
    bench.say('drawing vectors')
    const measured = [values.small, values.medium, values.large].map((count) => drawUser(count, clusters))
    const others = [
      ...Array.from({ length: values.others }, () => drawUser(values.small, clusters)),
      ...Array.from({ length: Math.floor(values.others / 5) }, () => drawUser(values.medium, clusters)),
    ]
    await storeUsers(url, servers, [...measured, ...others], bench.say)
    const small = measured.filter((user) => user.points.length <= exactVectors)
    await storePeers(database, servers, small, bench.say)
    const pool = createPool({ url, applicationName: 'bench-search', max: 1 })
    await using _ = { [Symbol.asyncDispose]: () => pool.end() }
    const peersPool = createPool({ url, applicationName: 'bench-peers', max: 1 })
    await using __ = { [Symbol.asyncDispose]: () => peersPool.end() }
    const client = await peersPool.connect()
    await using ___ = { [Symbol.asyncDispose]: () => Promise.resolve(client.release()) }
    // The owner of the tables: without row security.
    await client.query('set role synap_projector')
    const logger = createLogger('bench', { level: 'warn' })
    const caches = [memoryBytes, 0].map((maxBytes) => createVectorCache({ pool, logger, maxBytes }))
    const [cache, none] = caches as [VectorCache, VectorCache]
    await using ____ = {
      async [Symbol.asyncDispose]() {
        for (const one of caches) await one.close()
      },
    }
    const outcomes: Measured[] = []
    for (const user of measured) {
      const peers = small.includes(user) ? [...vectorPeers, ...ownIndexPeers] : vectorPeers
      outcomes.push(await measureUser({ ...values, pool, cache, none, client, user, peers, clusters }, bench))
    }
    return {
      spreadIs: 'lowest to highest round; of a ratio, 95 % interval of the median',
      rows: outcomes.flatMap(({ rows }) => rows),
      failures: outcomes.flatMap(({ failures }) => failures),
      notes: [
        `${[...measured, ...others].reduce((sum, user) => sum + user.points.length, 0)} vectors in the table, ${values.clusters} clusters.`,
        'A user with more than 20,000 has no index of their own here: it would be nearly the index over all.',
      ],
      raw: Object.fromEntries(outcomes.map(({ vectors, results }) => [vectors, Object.fromEntries(results)])),
    }
  },
})

interface Measured {
  vectors: number
  rows: readonly Row[]
  failures: readonly string[]
  results: ReadonlyMap<string, readonly Run[]>
}

interface Place {
  pool: Pool
  /** Where Synap finds candidates; and one that is always empty. */
  cache: VectorCache
  none: VectorCache
  /** For the peers. */
  client: Client
  user: VectorUser
  peers: readonly VectorPeer[]
  clusters: Clusters
  questions: number
  rounds: number
}

/** All contenders on one user, in rounds. */
async function measureUser(place: Place, bench: Bench): Promise<Measured> {
  const { pool, cache, none, client, user, peers, rounds } = place
  const questions = Array.from({ length: place.questions }, () => place.clusters.draw())
  const scan = () =>
    questions.map((question) =>
      nearestOf(user.points, question, wanted).map((nearest) => user.entities[nearest] as string),
    )
  const truth = scan().map((ids) => new Set(ids))
  const contenders: Contender<Run>[] = [
    { name: 'Synap', run: () => runTimed(() => askSynap({ pool, cache, user }, questions), truth) },
    { name: coldName, run: () => runTimed(() => askSynap({ pool, cache: none, user }, questions), truth) },
    { name: limitName, run: () => runTimed(() => Promise.resolve(scan()), truth) },
  ]
  const vectors = user.points.length
  bench.say(`a user with ${vectors}: reading them into memory`)
  const began = performance.now()
  await askSynap({ pool, cache, user }, questions.slice(0, 1))
  await cache.settled()
  bench.say(
    `a user with ${vectors}: read in ${Math.round(performance.now() - began)} ms, ${cache.bytes() / 2 ** 20} MiB in all`,
  )
  bench.say(`a user with ${vectors}: how hard each index has to look`)
  for (const peer of peers) {
    const effort = await leastEffort(client, peer, user, questions, truth)
    contenders.push({
      name: effort === 0 ? peer.name : `${peer.name}, ${effort}`,
      async run() {
        await setUp(client, peer, effort)
        return runTimed(() => askPeer(client, peer, effort, user, questions, wanted), truth)
      },
    })
  }
  const results = await runRounds({ contenders, rounds, bench })
  const least = Math.min(...(results.get('Synap') ?? []).map(({ fewest }) => fewest))
  return {
    vectors,
    rows: rowsOf(user, results, peers, bench.random),
    failures: least < wanted ? [`a user with ${vectors} vectors got ${least} hits, not ${wanted}`] : [],
    results,
  }
}

async function askSynap(
  { pool, cache, user }: Pick<Place, 'pool' | 'cache' | 'user'>,
  questions: readonly Float32Array[],
): Promise<string[][]> {
  const found: string[][] = []
  const asker = { userId: user.id, vectors: user.points.length, cache }
  for (const values of questions) {
    const question = {
      text: null,
      configs: [],
      vector: { values, model },
      filter: {},
      leastLikeness: null,
      limit: wanted,
    }
    const rows = await transaction(
      pool,
      { role: 'synap_query', userId: user.id },
      (client) => findRows({ client, schema: 'read_v1' }, question, asker),
      { readOnly: true, isolation: 'repeatable read' },
    )
    found.push(rows.map((row) => row.entity_id))
  }
  return found
}

async function runTimed(ask: () => Promise<string[][]>, truth: readonly Set<string>[]): Promise<Run> {
  const began = performance.now()
  const found = await ask()
  const seconds = (performance.now() - began) / 1_000
  return {
    rate: found.length / seconds,
    recall: recallOf(found, truth),
    fewest: Math.min(...found.map((ids) => ids.length)),
  }
}

function recallOf(found: readonly string[][], truth: readonly Set<string>[]): number {
  const hits = truth.map((ids, place) => (found[place] ?? []).filter((id) => ids.has(id)).length / ids.size)
  return hits.reduce((sum, share) => sum + share, 0) / hits.length
}

/** The least effort with enough recall, or the most there is. */
async function leastEffort(
  client: Client,
  peer: VectorPeer,
  user: VectorUser,
  questions: readonly Float32Array[],
  truth: readonly Set<string>[],
): Promise<number> {
  for (const effort of peer.efforts) {
    await setUp(client, peer, effort)
    if (recallOf(await askPeer(client, peer, effort, user, questions, wanted), truth) >= enough) return effort
  }
  return peer.efforts.at(-1) ?? 0
}

async function setUp(client: Client, peer: VectorPeer, effort: number): Promise<void> {
  await client.query('reset all')
  for (const [name, value] of Object.entries(peer.settings(effort))) {
    await client.query('select set_config($1, $2, false)', [name, value])
  }
}

function rowsOf(
  user: VectorUser,
  results: ReadonlyMap<string, readonly Run[]>,
  peers: readonly VectorPeer[],
  random: () => number,
): Row[] {
  const size = user.points.length.toLocaleString('en')
  const rates = (name: string) => (results.get(name) ?? []).map(({ rate }) => rate)
  const recall = (name: string) => median((results.get(name) ?? []).map((run) => run.recall))
  const peerOf = (name: string) => peers.find((peer) => name.startsWith(peer.name))
  const isPeer = (name: string) => peerOf(name) !== undefined && recall(name) >= enough
  const best = (names: readonly string[]) => names.toSorted((a, b) => median(rates(b)) - median(rates(a)))[0]
  const names = [...results.keys()]
  const compared = comparedWith(
    names.filter((name) => peerOf(name)?.isSame === true),
    names.filter((name) => isPeer(name) && peerOf(name)?.isSame !== true),
    (name) => peerOf(name)?.isPerUser === true,
    best,
  )
  return [
    {
      what: `${size}: recall@10 of Synap`,
      value: recall('Synap'),
      unit: '',
      count: 1,
      target: { atLeast: enough },
    },
    ...compared.flatMap(([what, name, target]): Row[] => {
      if (name === undefined) return []
      const { median: value, interval } = ratioOf(rates('Synap'), rates(name), random)
      const label = what === 'limit' ? what : `${what} (${name})`
      return [
        {
          what: `${size}: Synap / ${label}`,
          value,
          unit: 'times',
          count: rates('Synap').length,
          spread: interval,
          ...(target === undefined ? {} : { target }),
        },
      ]
    }),
    ...names.map(
      (name): Row => ({
        what: `${size}: ${name}, recall ${recall(name).toFixed(3)}`,
        value: median(rates(name)),
        unit: 'questions/s',
        count: rates(name).length,
        spread: range(rates(name)),
      }),
    ),
  ]
}

/** What Synap is held against: the name of a contender, and the target. */
function comparedWith(
  same: readonly string[],
  others: readonly string[],
  isPerUser: (name: string) => boolean,
  best: (names: readonly string[]) => string | undefined,
): (readonly [what: string, name: string | undefined, target?: { atLeast: number }])[] {
  return [
    ['best other way', best(others), { atLeast: 3 }],
    ['best way that needs no index for each user', best(others.filter((name) => !isPerUser(name)))],
    ['the same way, bare', best(same)],
    ['limit', limitName],
  ]
}
