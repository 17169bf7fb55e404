import type { Bench, Row } from '../benchmark.ts'
import { median, quantile, range, ratioOf } from '../statistics.ts'
import type { Floors } from './floors.ts'
import type { Probe } from './job.ts'
import type { Stages } from './stages.ts'

/** Of what the pipeline holds, written by others meanwhile. */
export const shares = [0.01, 0.1, 0.7] as const

export interface Measured {
  probes: readonly Probe[]
  stages?: Stages
}

export interface RoundResult {
  measured?: Record<number, Measured>
  floors?: Floors
  /** Probes of the least pipeline. */
  least?: readonly Probe[]
}

type Results = ReadonlyMap<string, readonly RoundResult[]>

const names: Readonly<Record<string, string>> = {
  synap: 'Synap',
  poll1000: 'polling 1 s',
  poll100: 'polling 100 ms',
  synchronous: 'synchronous projection',
}

/** What is held against: see ADR 36. */
const atPace = 'at the pace of the probes'

const floorOf = ({ http, commit, produce, consume, apply, notify, read }: Floors) => ({
  steps: commit + produce + consume + apply + notify + read,
  all: 2 * http + commit + produce + consume + apply + notify + read,
})

/** The table: ratios first, each round by round. */
export function rowsOf(results: Results, capacity: number, { random }: Pick<Bench, 'random'>): Row[] {
  const latencies = shares.flatMap((share) =>
    Object.entries(names).flatMap(([name, text]) => [
      row(`p50 of ${text} at ${share * 100} % load`, quantilesOf(results, name, share, 0.5)),
      row(`p99 of ${text} at ${share * 100} % load`, quantilesOf(results, name, share, 0.99)),
    ]),
  )
  const [floors, paced] = [floorsOf(results, 'floors'), floorsOf(results, 'paced')]
  return [
    ...shares.flatMap((share) => ratioRows(results, share, random)),
    ...latencies,
    row('p50 of the least pipeline', leastOf(results, 0.5)),
    row('p99 of the least pipeline', leastOf(results, 0.99)),
    row('sum of floors', sums(floors, 'all')),
    ...floorRows(floors),
    row(`sum of floors ${atPace}`, sums(paced, 'all')),
    ...floorRows(paced, ` ${atPace}`),
    ...stageRows(results),
    { what: 'captures that the pipeline holds', value: capacity, unit: 'per second', count: 1 },
  ]
}

function ratioRows(results: Results, share: number, random: Bench['random']): Row[] {
  const ratio = (what: string, a: number[], b: number[], target?: Row['target']): Row => {
    const { median: value, interval } = ratioOf(a, b, random)
    const aim = target === undefined ? {} : { target }
    const name = `${what}, at ${share * 100} % load`
    return { what: name, value, unit: 'times', count: a.length, spread: interval, ...aim }
  }
  const p50 = (name: string) => quantilesOf(results, name, share, 0.5)
  const floors = floorsOf(results, 'floors')
  const all = sums(floors, 'all')
  const allPaced = sums(floorsOf(results, 'paced'), 'all')
  const p99 = quantilesOf(results, 'synap', share, 0.99)
  return [
    ratio(`p50 of Synap / sum of floors ${atPace}`, p50('synap'), allPaced, { atMost: 2 }),
    ratio(`p99 of Synap / sum of floors ${atPace}`, p99, allPaced, { atMost: 5 }),
    ratio('p50 of Synap / p50 of the least pipeline', p50('synap'), leastOf(results, 0.5)),
    ratio('p50 of Synap / sum of floors', p50('synap'), all),
    ratio('p99 of Synap / sum of floors', p99, all),
    ratio('p50 of polling 1 s / p50 of Synap', p50('poll1000'), p50('synap'), { atLeast: 20 }),
    ratio('p50 of polling 100 ms / p50 of Synap', p50('poll100'), p50('synap')),
    ratio('p50 of Synap / sum of floors without the two HTTP calls', p50('synap'), sums(floors, 'steps')),
  ]
}

/** Of each round. */
const quantilesOf = (results: Results, name: string, share: number, q: number) =>
  (results.get(name) ?? []).map(({ measured }) => quantile(latenciesOf(measured?.[share]?.probes), q))
const leastOf = (results: Results, q: number) =>
  (results.get('least') ?? []).map((round) => quantile(latenciesOf(round.least), q))
const floorsOf = (results: Results, name: 'floors' | 'paced') =>
  (results.get(name) ?? []).flatMap(({ floors }) => (floors === undefined ? [] : [floors]))
const sums = (floors: readonly Floors[], of: 'all' | 'steps') => floors.map((found) => floorOf(found)[of])

const latenciesOf = (probes: readonly Probe[] = []) => probes.map(({ dueAt, visibleAt }) => visibleAt - dueAt)

const floorNames: Readonly<Record<keyof Floors, string>> = {
  http: 'one bare HTTP call',
  commit: 'commit',
  produce: 'produce',
  consume: 'consume',
  apply: 'apply',
  notify: 'notify',
  read: 'read',
}

function floorRows(floors: readonly Floors[], how = ''): Row[] {
  return (Object.keys(floorNames) as (keyof Floors)[]).map((step) =>
    row(
      `floor${how}: ${floorNames[step]}`,
      floors.map((round) => round[step]),
    ),
  )
}

const stageNames: Readonly<Record<keyof Stages, string>> = {
  request: 'from the request to the row of the outbox',
  answer: 'from the row of the outbox to the answer',
  relay: 'from the row of the outbox to the mark of the relay',
  project: 'from the row of the outbox to the row of the read model',
  read: 'from the row of the read model to the end of the read',
}

function stageRows(results: Results): Row[] {
  return shares.flatMap((share) =>
    (Object.keys(stageNames) as (keyof Stages)[]).map((stage) =>
      row(
        `${stageNames[stage]}, at ${share * 100} % load`,
        (results.get('synap') ?? []).map(({ measured }) => measured?.[share]?.stages?.[stage] ?? Number.NaN),
      ),
    ),
  )
}

const row = (what: string, values: readonly number[]): Row => ({
  what,
  unit: 'ms',
  value: median(values),
  count: values.length,
  spread: range(values),
})
