import { type Client, execute, query, type Statement } from '@synap/postgres'

/**
 * Runs a statement by the plan that fits all values. It would be planned anew for each question, since the planner cannot know
 * that what it guesses of arrays and limits changes nothing: that took three times as long as the search itself.
 */
export async function queryPlannedOnce<T>(client: Client, statement: Statement): Promise<T[]> {
  const plans = (mode: string) =>
    execute(client, {
      name: 'read_meta.set_plans',
      text: `select set_config('plan_cache_mode', $1::text, true)`,
      values: [mode],
    })
  const [, rows] = await Promise.all([
    plans('force_generic_plan'),
    query<T>(client, statement),
    plans('auto'),
  ])
  return rows
}
