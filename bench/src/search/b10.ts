import { performance } from 'node:perf_hooks'
import { createPool } from '@synap/postgres'
import { createVectorCache, type VectorCache } from '@synap/query/vector-cache'
import { createLogger } from '@synap/telemetry'
import { type Bench, defineBenchmark } from '../benchmark.ts'
import { startBenchServers } from '../servers.ts'
import { createClusters } from './clusters.ts'
import { type Measured, measureUser, type Place } from './measure-user.ts'
import { vectorFilters } from './vector-filters.ts'
import { ownIndexPeers, type VectorPeer, vectorPeers } from './vector-peers.ts'
import { askSynap } from './vector-run.ts'
import { drawUser, partitions, shareOfPartition, storePeers, storeUsers } from './vector-store.ts'

const database = 'bench_vectors'
const peerTimeoutMs = 60_000
/** As by default. */
const memoryBytes = 402_653_184

export const b10Vectors = defineBenchmark({
  name: 'b10-vectors',
  summary: 'the nearest vectors of one user among those of many, beside other ways (B10)',
  description: `Users with few, some and very many vectors (1536 dimensions, in clusters that users share) lie in one table. Each
contender answers the same questions one after the other through one connection, for 0.4 s at least and when it has answered
them once, without a filter and with filters that leave about
50, 10 and 1 % of the user's entities; its ten nearest are held against those that a scan in memory of all that pass
finds. Of an index that can look harder or less hard, the least effort counts that reaches a recall of 0.99, tried before the
rounds; one that is eight times as slow as another is only tried. Synap runs its search by meaning: candidates from the vectors in its
memory, read before the rounds, and the statement with the check that content is current, in its transaction under row
security. Nothing changes between the questions, so it comes to keep what a filter lets pass; once more it runs as if
something of the user's did change between any two. The others run one bare SELECT, prepared, with the vector in binary, over a table that
has the filter in a column beside the vector. Limit: the scan in memory. Floor: ten rows by their keys in such a transaction.`,
  options: {
    small: { help: 'of a user with few', unit: 'vectors', default: 1_000, min: 100 },
    medium: { help: 'of a user with some', unit: 'vectors', default: 10_000, min: 100 },
    large: { help: 'of the user with most', unit: 'vectors', default: 100_000, min: 100 },
    others: {
      help: 'more users with few, and with some a fifth of that',
      unit: 'users',
      default: 100,
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
    await storePeers(database, servers, measured, bench.say)
    const pool = createPool({ url, applicationName: 'bench-search', max: 1 })
    await using _ = { [Symbol.asyncDispose]: () => pool.end() }
    // Who reads a whole table from disk is slow, and no failure.
    const peersPool = createPool({
      url,
      applicationName: 'bench-peers',
      max: 1,
      statementTimeoutMs: peerTimeoutMs,
    })
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
      const share = await shareOfPartition(database, servers, user)
      const peers = [
        ...ownIndexPeers,
        ...vectorPeers.map(
          (peer): VectorPeer => ({
            ...peer,
            ...(peer.isPartitioned === true && share > 0.5 ? { isPerUser: true } : {}),
          }),
        ),
      ]
      const place = { ...values, pool, cache, none, client, user, peers, clusters }
      bench.say(`a user with ${user.points.length}: ${Math.round(share * 100)} % of the partition`)
      await readIntoMemory(place, bench)
      for (const filter of vectorFilters) outcomes.push(await measureUser(place, filter, bench))
    }
    return {
      spreadIs: 'lowest to highest round; of a ratio, 95 % interval of the median',
      rows: outcomes.flatMap(({ rows }) => rows),
      failures: outcomes.flatMap(({ failures }) => failures),
      notes: [
        `${[...measured, ...others].reduce((sum, user) => sum + user.points.length, 0)} vectors in the table, ${values.clusters} clusters.`,
        `An index over one of ${partitions} partitions counts as one for the user where more than half of its vectors are the user’s.`,
      ],
      raw: Object.fromEntries(outcomes.map(({ what, results }) => [what, Object.fromEntries(results)])),
    }
  },
})

async function readIntoMemory({ pool, cache, user, clusters }: Place, bench: Bench): Promise<void> {
  const began = performance.now()
  const [filter] = vectorFilters
  if (filter === undefined) return
  await askSynap({ pool, cache }, { user, filter, questions: [], truth: [], wanted: 10 }, [clusters.draw()])
  await cache.settled()
  const ms = Math.round(performance.now() - began)
  bench.say(`a user with ${user.points.length}: read in ${ms} ms, ${cache.bytes() / 2 ** 20} MiB in all`)
}
