import type { Bench, Row } from '../benchmark.ts'
import { median, range, ratioOf } from '../statistics.ts'
import { type Question, questionNames, questions } from './statements.ts'
import type { PeerTable } from './tables.ts'

export type ContenderName = 'synap' | 'limit' | PeerTable

/** Milliseconds of one answer. */
export type Result = Record<Question, number>

const names: Readonly<Record<ContenderName, string>> = {
  synap: 'Synap',
  bare: 'a table without indexes',
  plain: 'a table with the same b-trees',
  part: 'native partitions',
  hyper: 'a hypertable',
  limit: 'the limit',
}

/** The table: for each question the ratios, round by round, then the times. */
export function rowsOf(
  results: ReadonlyMap<ContenderName, readonly Result[]>,
  { random }: Pick<Bench, 'random'>,
): Row[] {
  const of = (name: ContenderName, question: Question) =>
    (results.get(name) ?? []).map((result) => result[question])
  const ratio = (what: string, a: number[], b: number[], target?: Row['target']): Row => {
    const { median: value, interval } = ratioOf(a, b, random)
    const aim = target === undefined ? {} : { target }
    return { what, value, unit: 'times', count: a.length, spread: interval, ...aim }
  }
  const ratios = questions.flatMap((question) => {
    const asked = questionNames[question]
    const gain = (name: ContenderName) =>
      ratio(`${asked}: ${names[name]} / Synap`, of(name, question), of('synap', question))
    return [
      ratio(`${asked}: Synap / the limit`, of('synap', question), of('limit', question), { atMost: 1.5 }),
      ...(['bare', 'plain', 'part', 'hyper'] as const).map(gain),
    ]
  })
  const times = questions.flatMap((question) =>
    (Object.keys(names) as ContenderName[]).map((name): Row => {
      const values = of(name, question)
      return {
        what: `${questionNames[question]}: ${names[name]}`,
        value: median(values),
        unit: 'ms',
        count: values.length,
        spread: range(values),
      }
    }),
  )
  return [...ratios, ...times]
}
