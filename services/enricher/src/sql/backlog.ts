import { type Client, query } from '@synap/postgres'

export interface Backlog {
  open: number
  /** Milliseconds since 1970; null when nothing is open. */
  oldest: number | null
}

/** Work that is not done yet, from the partial index of open jobs. */
export async function countOpenJobs(client: Client): Promise<Backlog> {
  const rows = await query<Backlog>(client, {
    name: 'enrich.count_open_jobs',
    text: `select count(*) as open, min(created_at) as oldest from enrich.jobs where state = 'open'`,
  })
  return rows[0] ?? { open: 0, oldest: null }
}
