import type pg from 'pg'

/** `work` between a BEGIN and a COMMIT that are awaited. */
export async function inTransaction(client: pg.Client, work: () => Promise<unknown>): Promise<void> {
  await client.query('begin')
  await work()
  await client.query('commit')
}
