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

/** A number with the labels it is shown under. */
export interface Measured {
  value: number
  labels: Record<string, string>
}

/** Steps of open jobs that are held back or tried again, by step, state and reason. */
export async function countWaitingSteps(client: Client): Promise<Measured[]> {
  const rows = await query<{ step: string; state: string; reason: string; value: number }>(client, {
    name: 'enrich.count_waiting_steps',
    text: `select s.step, case when s.error_class = 'deferred' then 'deferred' else 'retrying' end as state,
             s.error_code as reason, count(*) as value
           from enrich.jobs j join enrich.steps s using (job_id)
           where j.state = 'open' and s.state = 'pending' and s.error_code is not null
           group by 1, 2, 3`,
    values: [],
  })
  return rows.map(({ value, ...labels }) => ({ value, labels }))
}

/** Pauses by kind and by whom they hold: `all` or `user`. */
export async function countPauses(client: Client): Promise<Measured[]> {
  const rows = await query<{ kind: string; scope: string; value: number }>(client, {
    name: 'enrich.count_pauses',
    text: `select kind, case when user_id is null then 'all' else 'user' end as scope, count(*) as value
           from enrich.pauses group by 1, 2`,
    values: [],
  })
  return rows.map(({ value, ...labels }) => ({ value, labels }))
}

export interface DailyUse {
  used: Measured[]
  /** Where there is a limit for everybody together. */
  limits: Measured[]
}

/** What everybody together used today, and the limits of that. Money in US dollars. */
export async function findDailyUse(client: Client): Promise<DailyUse> {
  const [row] = await query<Record<'calls' | 'tokens' | 'cost', number> & Record<string, number | null>>(
    client,
    {
      name: 'enrich.find_daily_use',
      text: `select coalesce(s.calls, 0) as calls, coalesce(s.tokens, 0) as tokens,
             coalesce(s.cost_nanos, 0) / 1e9::float8 as cost, l.calls as limit_calls, l.tokens as limit_tokens,
             l.cost_nanos / 1e9::float8 as limit_cost
           from (select 1) as one
           left join enrich.spending s
             on s.scope = '00000000-0000-0000-0000-000000000000' and s.day = (now() at time zone 'utc')::date
           left join enrich.limits l on l.scope = 'all'`,
      values: [],
    },
  )
  const units = ['calls', 'tokens', 'cost'] as const
  const of = (unit: string, value: number | null | undefined): Measured[] =>
    value === null || value === undefined ? [] : [{ value, labels: { unit } }]
  return {
    used: units.flatMap((unit) => of(unit, row?.[unit])),
    limits: units.flatMap((unit) => of(unit, row?.[`limit_${unit}`])),
  }
}
