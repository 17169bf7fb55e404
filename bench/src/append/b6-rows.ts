import type { Bench, Row } from '../benchmark.ts'
import { median, range, ratioOf } from '../statistics.ts'
import { inFlights, type Name, names, type Result, type Run, shares } from './names.ts'

type Results = ReadonlyMap<Name, readonly Result[]>
type Take = (run: Run) => number

const rate: Take = ({ perSecond }) => perSecond
const p50: Take = ({ p50Ms }) => p50Ms
const p99: Take = ({ p99Ms }) => p99Ms

/** The table: ratios first, each round by round. */
export const rowsOf = (results: Results, bench: Bench): Row[] => [
  ...ratios(results, bench),
  ...[...results.keys()].flatMap((name) => closedRows(results, name)),
  ...(['synap', 'pgbench', 'http'] as const).flatMap((name) => pacedRows(results, name)),
  ...[...results.keys()].flatMap((name) => cpuRows(results, name)),
]

function ratios(results: Results, { random }: Bench): Row[] {
  const of = (name: Name, take: Take) => closed(results, name, 16, take)
  const ratio = (what: string, [a, b]: readonly [Name, Name], take: Take, target?: Row['target']): Row => {
    const { median: value, interval } = ratioOf(of(a, take), of(b, take), random)
    const aim = target === undefined ? {} : { target }
    return {
      what: `${what}, 16 under way`,
      value,
      unit: 'times',
      count: of(a, take).length,
      spread: interval,
      ...aim,
    }
  }
  const against = (name: Name, target?: Row['target']) =>
    ratio(`Synap / ${names[name]}`, ['synap', name], rate, target)
  return [
    against('pgbench', { atLeast: 0.4 }),
    ratio('p99 of Synap / p99 of pgbench', ['synap', 'pgbench'], p99, { atMost: 3 }),
    against('begin', { atLeast: 1.4 }),
    ...(['notify', 'pipelined', 'drizzle', 'graphile', 'oneRow'] as const).map((name) => against(name)),
    ratio('Synap over HTTP / bare fastify', ['http', 'hello'], rate),
  ]
}

function closedRows(results: Results, name: Name): Row[] {
  return inFlights.flatMap((inFlight) => {
    const what = `${names[name]}, ${inFlight} under way`
    return [
      row(what, 'per second', closed(results, name, inFlight, rate)),
      row(`p99 of ${what}`, 'ms', closed(results, name, inFlight, p99)),
    ]
  })
}

function pacedRows(results: Results, name: Name): Row[] {
  const paced = (share: number, take: Take) =>
    (results.get(name) ?? []).map((result) => taken(result.paced[share], take))
  return shares.flatMap((share) => {
    const what = `${names[name]}, open loop at ${share * 100} %`
    return [row(`p50 of ${what}`, 'ms', paced(share, p50)), row(`p99 of ${what}`, 'ms', paced(share, p99))]
  })
}

/** CPU of a contender whose program has none to tell is that of Postgres alone. */
function cpuRows(results: Results, name: Name): Row[] {
  const what = `${names[name]}, 16 under way`
  const micros = (part: 'program' | 'postgres') =>
    closed(results, name, 16, ({ cpu }) => ((cpu[part] ?? Number.NaN) / cpu.calls) * 1_000_000)
  const program = micros('program')
  const rows = [row(`CPU of Postgres under ${what}`, 'µs/call', micros('postgres'))]
  return program.some(Number.isNaN) ? rows : [row(`CPU of ${what}`, 'µs/call', program), ...rows]
}

const closed = (results: Results, name: Name, inFlight: number, take: Take): number[] =>
  (results.get(name) ?? []).map((result) => taken(result.closed[inFlight], take))

const taken = (run: Run | undefined, take: Take): number => (run === undefined ? Number.NaN : take(run))

const row = (what: string, unit: string, values: readonly number[]): Row => ({
  what,
  unit,
  value: median(values),
  count: values.length,
  spread: range(values),
})
