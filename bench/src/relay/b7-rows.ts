import type { Bench, Row } from '../benchmark.ts'
import { median, quantile, range, ratioOf } from '../statistics.ts'
import { type Name, names, type Result } from './names.ts'

/** The table: the ratios that count, then what they are made of. */
export function rowsOf(results: ReadonlyMap<Name | 'perf', readonly Result[]>, { random }: Bench): Row[] {
  const of = (name: Name | 'perf') => results.get(name) ?? []
  const rates = (name: Name | 'perf') => of(name).flatMap(({ hold }) => hold?.rowsPerSecond ?? [])
  const latency = (name: Name, q: number) =>
    of(name).flatMap(({ single }) => (single === undefined ? [] : quantile(single.latencies, q)))
  const row = (what: string, unit: string, values: readonly number[]): Row => ({
    what,
    unit,
    value: median(values),
    count: values.length,
    spread: range(values),
  })
  const ratio = (what: string, a: readonly number[], b: readonly number[], target: Row['target']): Row => {
    const { median: value, interval } = ratioOf(a, b, random)
    return { what, value, unit: 'times', count: a.length, spread: interval, ...(target ? { target } : {}) }
  }
  const limit = rates('cursor').map((read, round) => Math.min(read, rates('perf')[round] ?? Number.NaN))
  const synap = rates('synap')
  const held = ['synap', 'naive', 'delete', 'claim', 'slot', 'cursor', 'perf'] as const
  const timed = ['synap', 'naive', 'delete', 'claim', 'notify', 'slot', 'raw'] as const
  const slopes = of('synap').flatMap(({ hold }) =>
    hold === undefined ? [] : Math.abs(hold.slope / hold.rowsPerSecond) * 100,
  )
  return [
    ratio('Synap / row by row', synap, rates('naive'), { atLeast: 30 }),
    ratio('Synap / DELETE SKIP LOCKED', synap, rates('delete'), { atLeast: 1.3 }),
    ratio('Synap / limit', synap, limit, { atLeast: 0.4 }),
    ratio('p99 of Synap / raw send', latency('synap', 0.99), latency('raw', 0.99), { atMost: 3 }),
    { ...row('slope of the backlog of Synap', '% of its rate', slopes), target: { atMost: 5 } },
    ...held.map((name) => row(names[name], 'rows/s', rates(name))),
    ...timed.flatMap((name) => [
      row(`commit to acknowledgement, p50: ${names[name]}`, 'ms', latency(name, 0.5)),
      row(`commit to acknowledgement, p99: ${names[name]}`, 'ms', latency(name, 0.99)),
    ]),
    ...(['synap', 'naive', 'delete', 'claim', 'slot'] as const).flatMap((name) =>
      (['program', 'postgres'] as const).map((part) =>
        row(
          `CPU of ${part === 'program' ? names[name] : `${part} under ${names[name]}`}`,
          'µs/row',
          of(name).flatMap(({ hold }) => hold?.microsPerRow[part] ?? []),
        ),
      ),
    ),
  ]
}
