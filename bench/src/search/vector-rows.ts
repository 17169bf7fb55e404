import type { Row } from '../benchmark.ts'
import { median, range, ratioOf } from '../statistics.ts'
import { enough, type Run, type Tried } from './vector-run.ts'

export const synapName = 'Synap'
export const limitName = 'limit: scan in memory'
export const floorName = 'floor: ten rows by their keys, in a transaction as Synap’s'

const times = 3

/**
 * What was found out of one user with one filter: Synap against each of what it is held against, and the rates of all. `isAsked`:
 * three times the rate is (see ADR 31).
 */
export function rowsOf(
  what: string,
  results: ReadonlyMap<string, readonly Run[]>,
  { isAsked, tried, random }: { isAsked: boolean; tried: ReadonlyMap<string, Tried>; random: () => number },
): Row[] {
  const runs = (name: string) => results.get(name) ?? []
  const rates = (name: string) => runs(name).map(({ rate }) => rate)
  const recall = (name: string) => median(runs(name).map((run) => run.recall))
  const names = [...results.keys()]
  const good = names.filter((name) => tried.has(name) && recall(name) >= enough)
  const best = (among: readonly string[]) => among.toSorted((a, b) => median(rates(b)) - median(rates(a)))[0]
  const ratio = (of: string, to: string | undefined, label: string, target?: number): Row[] => {
    if (to === undefined) return []
    // What was only tried has one run.
    const others = rates(of).map((_, round) => rates(to)[round] ?? median(rates(to)))
    const { median: value, interval } = ratioOf(rates(of), others, random)
    return [
      {
        what: `${what}: ${label}`,
        value,
        unit: 'times',
        count: rates(of).length,
        spread: interval,
        ...(target === undefined ? {} : { target: { atLeast: target } }),
      },
    ]
  }
  const [any, kept] = [best(good), best(good.filter((name) => tried.get(name)?.peer.isPerUser !== true))]
  return [
    {
      what: `${what}: recall@10 of Synap`,
      value: recall(synapName),
      unit: '',
      count: 1,
      target: { atLeast: enough },
    },
    ...ratio(synapName, any, `Synap / best other way (${any})`),
    ...ratio(
      synapName,
      kept,
      `Synap / best way that needs no index for each user (${kept})`,
      isAsked ? times : undefined,
    ),
    ...ratio(floorName, any, 'floor / best other way: more than this no answer of the database is'),
    ...ratio(synapName, floorName, 'Synap / floor'),
    ...ratio(synapName, limitName, 'Synap / limit'),
    ...names.map(
      (name): Row => ({
        what: `${what}: ${name}${name === floorName ? '' : `, recall ${recall(name).toFixed(3)}`}`,
        value: median(rates(name)),
        unit: 'questions/s',
        count: rates(name).length,
        spread: range(rates(name)),
      }),
    ),
  ]
}
