import { type Client, execute, query, type Statement } from '@synap/postgres'

/**
 * Runs a statement by a plan for its values, in a transaction whose other statements are planned once (`genericPlans`): for
 * what a filter narrows, or where the number of rows decides. It has no name: one that is prepared is planned once from the sixth
 * time on, for whoever asks then.
 */
export async function queryPlannedAnew<T>(client: Client, statement: Omit<Statement, 'name'>): Promise<T[]> {
  const plans = (mode: string) =>
    execute(client, {
      name: 'read_meta.set_plans',
      text: `select set_config('plan_cache_mode', $1::text, true)`,
      values: [mode],
    })
  const [, rows] = await Promise.all([
    plans('auto'),
    query<T>(client, statement),
    plans('force_generic_plan'),
  ])
  return rows
}
