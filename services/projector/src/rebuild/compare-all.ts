import type { RebuildDifference } from '@synap/contracts'
import { wait } from '@synap/core'
import { query, transaction } from '@synap/postgres'
import { projectorRole } from '../config.ts'
import { type Comparison, compareUsers, findComparedTables, findDifferences } from './compare.ts'
import { createExplain } from './explain.ts'

export interface CompareAll extends Omit<Comparison, 'tables'> {
  expected: readonly string[]
  /** Differences that are answered of those that nothing explains, and of those that something does. */
  limit: number
  onUsers: (done: number, of: number) => void
}

export interface CompareResult {
  rows: number
  explained: number
  unexplained: number
  differences: RebuildDifference[]
}

const usersPerLook = 200
/** A difference counts when it is there in so many looks in a row, with both read models level. */
const looks = 3
const betweenLooksMs = 700
/** Users that do not stand still are looked at for this long. */
const patienceMs = 120_000

/**
 * Compares two read models that are both being followed, row by row. Rows differ for a moment when one of the two is
 * ahead, so a user who looks different is looked at again until it stays so while both are level.
 */
export async function compareAll(options: CompareAll): Promise<CompareResult> {
  const { pool, old, made, signal, onUsers } = options
  const tables = await transaction(
    pool,
    { role: projectorRole },
    (client) => findComparedTables(client, made),
    {
      signal,
    },
  )
  const comparison: Comparison = { pool, tables, old, made, signal }
  const users = await findUsers(options)
  const suspects: string[] = []
  let rows = 0
  let done = 0
  for (const some of pagesOf(users)) {
    onUsers(done, users.length)
    const compared = await compareUsers(comparison, some)
    done += some.length
    rows += compared.rows
    suspects.push(...compared.suspects)
  }
  onUsers(users.length, users.length)
  const differing = await lookAgain(comparison, suspects)
  return { rows, ...(await describe(options, comparison, differing)) }
}

async function lookAgain(comparison: Comparison, first: readonly string[]): Promise<string[]> {
  const deadline = performance.now() + patienceMs
  const seen = new Map(first.map((user) => [user, 0]))
  const settled: string[] = []
  while (seen.size > 0) {
    await wait(betweenLooksMs, comparison.signal)
    for (const users of pagesOf(Array.from(seen.keys()))) {
      const compared = await compareUsers(comparison, users)
      const [suspects, unlevel] = [new Set(compared.suspects), new Set(compared.unlevel)]
      for (const user of users) {
        if (!suspects.has(user)) seen.delete(user)
        else if (!unlevel.has(user)) seen.set(user, (seen.get(user) ?? 0) + 1)
        const isSettled = (seen.get(user) ?? 0) >= looks || performance.now() > deadline
        if (isSettled && seen.delete(user)) settled.push(user)
      }
    }
  }
  return settled
}

function* pagesOf(users: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < users.length; at += usersPerLook) yield users.slice(at, at + usersPerLook)
}

async function describe(
  { pool, old, made, expected, limit, signal }: CompareAll,
  comparison: Comparison,
  users: readonly string[],
): Promise<Omit<CompareResult, 'rows'>> {
  const explain = createExplain({ old, made, expected })
  const kept = { explained: new Array<RebuildDifference>(), unexplained: new Array<RebuildDifference>() }
  const counts = { explained: 0, unexplained: 0 }
  for (const some of pagesOf(users)) {
    const differences = await findDifferences(comparison, some)
    await transaction(
      pool,
      { role: projectorRole },
      async (client) => {
        for (const difference of differences) {
          const explanation = await explain(client, difference)
          const kind = explanation === null ? 'unexplained' : 'explained'
          counts[kind] += 1
          if (kept[kind].length < limit) kept[kind].push({ ...difference, explanation })
        }
      },
      { readOnly: true, signal },
    )
  }
  return { ...counts, differences: [...kept.unexplained, ...kept.explained] }
}

async function findUsers({ pool, old, made, signal }: Pick<CompareAll, 'pool' | 'old' | 'made' | 'signal'>) {
  const rows = await transaction(
    pool,
    { role: projectorRole },
    (client) =>
      query<{ id: string }>(client, {
        text: `
          select user_id as id from ${old}.user_positions union select user_id from ${made}.user_positions order by id`,
      }),
    { readOnly: true, signal },
  )
  return rows.map(({ id }) => id)
}
