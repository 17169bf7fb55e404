import type { Client, Pool } from '@synap/postgres'
import type { VectorCache } from '@synap/query/vector-cache'
import type { Bench, Row } from '../benchmark.ts'
import { type Contender, runRounds } from '../rounds.ts'
import { type Clusters, nearestOf } from './clusters.ts'
import { isFiltered, passes, type VectorFilter } from './vector-filters.ts'
import { askPeer, setUpPeer, type VectorPeer } from './vector-peers.ts'
import { floorName, limitName, rowsOf, synapName } from './vector-rows.ts'
import {
  type Asked,
  askFloor,
  askSynap,
  enough,
  leastEffort,
  type Run,
  runTimed,
  type Tried,
} from './vector-run.ts'
import type { VectorUser } from './vector-store.ts'

const wanted = 10
/** When a filter leaves no more, comparing all of them behind an index on it takes few floors. */
const fewPassing = 2_000
/** The first search of a user. */
const coldName = 'Synap, vectors not in memory'
/** Where something of the user's changes between any two questions. */
const forgetfulName = 'Synap, what passes not kept'
/** A scan of very many takes long, and every question as long as the other. */
const scanned = 8

export interface Place {
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

export interface Measured {
  what: string
  rows: readonly Row[]
  failures: readonly string[]
  results: ReadonlyMap<string, readonly Run[]>
}

/** All contenders on one user with one filter, in rounds. */
export async function measureUser(place: Place, filter: VectorFilter, bench: Bench): Promise<Measured> {
  const { pool, cache, none, user } = place
  const what = [user.points.length.toLocaleString('en'), filter.name].filter(Boolean).join(' ')
  const asked = drawQuestions(place, filter)
  bench.say(`${what}: how hard each index has to look`)
  const tried = await tryPeers(place, asked)
  const contenders: Contender<Run>[] = [
    { name: synapName, run: () => runTimed((some) => askSynap({ pool, cache }, asked, some), asked) },
    { name: floorName, run: () => runTimed(() => askFloor(pool, asked), asked) },
    {
      name: limitName,
      run: () => runTimed((some) => Promise.resolve(scan(user, filter, some)), asked, scanned),
    },
    ...tried.filter(({ isSlow }) => !isSlow).map((one) => contenderOf(place, asked, one)),
  ]
  const [name, other] = isFiltered(filter) ? [forgetfulName, forgetting(cache)] : [coldName, none]
  contenders.push({
    name,
    run: () => runTimed((some) => askSynap({ pool, cache: other }, asked, some), asked),
  })
  const results = await runRounds({ contenders, rounds: place.rounds, bench })
  for (const one of tried.filter(({ isSlow }) => isSlow)) results.set(nameOf(one), [one.run])
  const fewest = Math.min(...asked.truth.map((ids) => ids.size))
  const least = Math.min(...(results.get(synapName) ?? []).map((run) => run.fewest))
  return {
    what,
    rows: rowsOf(what, results, {
      isAsked: !isFiltered(filter) || user.entities.filter((id) => passes(filter, id)).length > fewPassing,
      tried: new Map(tried.map((one) => [nameOf(one), one])),
      random: bench.random,
    }),
    failures: least < fewest ? [`${what}: an answer had ${least} hits, not ${fewest}`] : [],
    results,
  }
}

const forgetting = (cache: VectorCache): VectorCache => ({
  ...cache,
  choice: () => undefined,
  wantChoice: () => undefined,
})

const nameOf = ({ peer, effort, isSlow }: Tried) =>
  [peer.name, ...(effort === 0 ? [] : [String(effort)]), ...(isSlow ? ['tried only'] : [])].join(', ')

function drawQuestions({ user, clusters, questions: count }: Place, filter: VectorFilter): Asked {
  const questions = Array.from({ length: count }, () => clusters.draw())
  const truth = scan(user, filter, questions).map((ids) => new Set(ids))
  return { user, filter, questions, truth, wanted }
}

function scan(
  { entities, points }: VectorUser,
  filter: VectorFilter,
  questions: readonly Float32Array[],
): string[][] {
  const kept = entities.flatMap((id, at) =>
    passes(filter, id) ? [{ id, point: points[at] as Float32Array }] : [],
  )
  const left = kept.map(({ point }) => point)
  return questions.map((question) =>
    nearestOf(left, question, wanted).map((nearest) => kept[nearest]?.id as string),
  )
}

async function tryPeers({ client, peers }: Place, asked: Asked): Promise<Tried[]> {
  const all: Tried[] = []
  for (const peer of peers) {
    const good = all.filter(({ run, isSlow }) => !isSlow && run.recall >= enough)
    all.push(await leastEffort(client, peer, asked, Math.max(0, ...good.map(({ run }) => run.rate))))
  }
  return all
}

function contenderOf({ client }: Place, asked: Asked, one: Tried): Contender<Run> {
  const { peer, effort } = one
  return {
    name: nameOf(one),
    async run() {
      await setUpPeer(client, peer, { effort, filter: asked.filter })
      return runTimed((some) => askPeer(client, peer, { ...asked, effort }, some), asked)
    },
  }
}
