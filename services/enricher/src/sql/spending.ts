import type { UserId } from '@synap/core'
import { type Client, execute, query } from '@synap/postgres'
import type { Limits, Spending } from '../costs/limits.ts'
import type { Price, Prices } from '../costs/prices.ts'

/** Steps that ask a model. */
export type PaidStep = 'analyse' | 'embed'

/** In place of a user: everybody together. Sorts first, so that rows are always locked in the same order. */
const everybody = '00000000-0000-0000-0000-000000000000'

/** Makes the settings' prices and limits those of the database. */
export async function replaceSettings(
  client: Client,
  prices: Prices,
  limits: { all: Limits; user: Limits },
): Promise<void> {
  const rows = [...prices]
  await execute(client, {
    name: 'enrich.delete_prices',
    text: 'delete from enrich.prices where model <> all ($1::text[])',
    values: [[...prices.keys()]],
  })
  await execute(client, {
    name: 'enrich.upsert_prices',
    text: `insert into enrich.prices (model, input_price, output_price)
           select * from unnest($1::text[], $2::float8[], $3::float8[])
           on conflict (model) do update set input_price = excluded.input_price, output_price = excluded.output_price`,
    values: [rows.map(([model]) => model), rows.map(([, p]) => p.input), rows.map(([, p]) => p.output)],
  })
  const both = [limits.all, limits.user]
  await execute(client, {
    name: 'enrich.upsert_limits',
    text: `insert into enrich.limits (scope, calls, tokens, cost_nanos)
           select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])
           on conflict (scope) do update set calls = excluded.calls, tokens = excluded.tokens,
             cost_nanos = excluded.cost_nanos`,
    values: [
      ['all', 'user'],
      both.map(({ calls }) => calls),
      both.map(({ tokens }) => tokens),
      both.map(({ costNanos }) => costNanos),
    ],
  })
}

/** The prices of the settings that the enricher started with last. */
export async function findPrices(client: Client): Promise<Map<string, Price>> {
  const rows = await query<{ model: string; input: number; output: number }>(client, {
    name: 'enrich.find_prices',
    text: 'select model, input_price as input, output_price as output from enrich.prices',
    values: [],
  })
  return new Map(rows.map(({ model, input, output }) => [model, { input, output }]))
}

/** The pause that holds such a step of this user back, the operators' first. */
export async function findPause(
  client: Client,
  userId: UserId,
  step: PaidStep,
): Promise<{ why: string | null } | undefined> {
  const [row] = await query<{ why: string | null }>(client, {
    name: 'enrich.find_pause',
    text: `select why from enrich.pauses where (user_id is null or user_id = $1::uuid) and kind in ('all', $2::text)
           order by by_operator desc, user_id nulls first limit 1`,
    values: [userId, step],
  })
  return row
}

/** A limit, and what is used of it today. */
export interface Account {
  scope: 'all' | 'user'
  limits: Limits
  spent: Spending
}

interface AccountRow extends Spending {
  scope: 'all' | 'user'
  day: string
  tomorrow: number
  limit_calls: number | null
  limit_tokens: number | null
  limit_cost: number | null
}

/**
 * What everybody and this user may use today and have used, the rows locked until the end of the transaction: of two who
 * ask at once, the second sees what the first took. `tomorrow`: milliseconds since 1970.
 */
export async function lockAccounts(
  client: Client,
  userId: UserId,
): Promise<{ day: string; tomorrow: number; accounts: Account[] }> {
  await execute(client, {
    name: 'enrich.insert_accounts',
    text: `insert into enrich.spending (scope, day)
           select scope, (now() at time zone 'utc')::date from unnest($1::uuid[]) as s (scope) on conflict do nothing`,
    values: [[everybody, userId]],
  })
  const rows = await query<AccountRow>(client, {
    name: 'enrich.lock_accounts',
    text: `select case when s.scope = $1::uuid then 'all' else 'user' end as scope, s.day::text,
             (s.day + 1)::timestamp at time zone 'utc' as tomorrow, s.calls, s.tokens, s.cost_nanos as "costNanos",
             case when b.user_id is null then l.calls else b.calls end as limit_calls,
             case when b.user_id is null then l.tokens else b.tokens end as limit_tokens,
             case when b.user_id is null then l.cost_nanos else b.cost_nanos end as limit_cost
           from enrich.spending s
           left join enrich.limits l on l.scope = case when s.scope = $1::uuid then 'all' else 'user' end
           left join enrich.budgets b on b.user_id = s.scope
           where s.scope in ($1::uuid, $2::uuid) and s.day = (now() at time zone 'utc')::date
           order by s.scope for update of s`,
    values: [everybody, userId],
  })
  return {
    day: rows[0]?.day ?? '',
    tomorrow: rows[0]?.tomorrow ?? 0,
    accounts: rows.map(({ scope, calls, tokens, costNanos, limit_calls, limit_tokens, limit_cost }) => ({
      scope,
      limits: { calls: limit_calls, tokens: limit_tokens, costNanos: limit_cost },
      spent: { calls, tokens, costNanos },
    })),
  }
}

/** A call as it is written before it is made. */
export interface NewCall {
  callId: string
  userId: UserId
  entityId: string
  jobId: string
  step: PaidStep
  provider: string
  model: string
  /** `YYYY-MM-DD`. */
  day: string
  inputTokens: number
  outputTokens: number
  costNanos: number | null
}

/** Notes a call that is about to be made, with what it is thought to use, and counts it. */
export async function insertCall(client: Client, call: NewCall): Promise<void> {
  await execute(client, {
    name: 'enrich.insert_call',
    text: `insert into enrich.calls (call_id, user_id, entity_id, job_id, step, provider, model, day, input_tokens,
             output_tokens, cost_nanos)
           values ($1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::text, $6::text, $7::text, $8::date, $9::bigint,
             $10::bigint, $11::bigint)`,
    values: [
      call.callId,
      call.userId,
      call.entityId,
      call.jobId,
      call.step,
      call.provider,
      call.model,
      call.day,
      call.inputTokens,
      call.outputTokens,
      call.costNanos,
    ],
  })
  await addSpending(client, call, {
    calls: 1,
    tokens: call.inputTokens + call.outputTokens,
    costNanos: call.costNanos ?? 0,
    unpriced: call.costNanos === null ? 1 : 0,
  })
}

interface Difference extends Spending {
  unpriced: number
}

async function addSpending(
  client: Client,
  { userId, day }: { userId: UserId; day: string },
  { calls, tokens, costNanos, unpriced }: Difference,
): Promise<void> {
  await execute(client, {
    name: 'enrich.add_spending',
    text: `update enrich.spending set calls = calls + $4::bigint, tokens = tokens + $5::bigint,
             cost_nanos = cost_nanos + $6::bigint, unpriced_calls = unpriced_calls + $7::bigint
           where scope in ($1::uuid, $2::uuid) and day = $3::date`,
    values: [everybody, userId, day, calls, tokens, costNanos, unpriced],
  })
}

/** What a call came to. */
export interface SettledCall {
  /** Requests that the server answered, however: each counts as a call. */
  requests: number
  inputTokens: number
  outputTokens: number
  costNanos: number | null
  errorCode: string | null
}

/** Puts what a call came to in the place of what it was thought to use, on the day it began. */
export async function settleCall(client: Client, call: NewCall, settled: SettledCall): Promise<void> {
  await lockSpending(client, call)
  const { requests, inputTokens, outputTokens, costNanos, errorCode } = settled
  const changed = await execute(client, {
    name: 'enrich.settle_call',
    text: `update enrich.calls set state = 'settled', requests = $2::int, input_tokens = $3::bigint,
             output_tokens = $4::bigint, cost_nanos = $5::bigint, error_code = $6::text, finished_at = clock_timestamp()
           where call_id = $1::uuid and state = 'reserved'`,
    values: [call.callId, requests, inputTokens, outputTokens, costNanos, errorCode],
  })
  // The user was erased meanwhile.
  if (changed === 0) return
  const unpriced = requests > 0 && costNanos === null ? requests : 0
  await addSpending(client, call, {
    calls: requests - 1,
    tokens: inputTokens + outputTokens - call.inputTokens - call.outputTokens,
    costNanos: (costNanos ?? 0) - (call.costNanos ?? 0),
    unpriced: unpriced - (call.costNanos === null ? 1 : 0),
  })
  await execute(client, {
    name: 'enrich.add_step_cost',
    text: `update enrich.steps set calls = calls + $3::int, unpriced_calls = unpriced_calls + $4::int,
             cost_nanos = cost_nanos + $5::bigint, input_tokens = coalesce(input_tokens, 0) + $6::int,
             output_tokens = coalesce(output_tokens, 0) + $7::int
           where job_id = $1::uuid and step = $2::text`,
    values: [call.jobId, call.step, requests, unpriced, costNanos ?? 0, inputTokens, outputTokens],
  })
}

/** A call that nobody knows the outcome of: it goes on counting as estimated. */
export async function leaveCall(client: Client, callId: string, errorCode: string): Promise<void> {
  await execute(client, {
    name: 'enrich.leave_call',
    text: `update enrich.calls set error_code = $2::text, finished_at = clock_timestamp() where call_id = $1::uuid`,
    values: [callId, errorCode],
  })
}

/** In the order in which whoever reserves takes them. */
async function lockSpending(client: Client, { userId, day }: NewCall): Promise<void> {
  await query(client, {
    name: 'enrich.lock_spending',
    text: `select 1 from enrich.spending where scope in ($1::uuid, $2::uuid) and day = $3::date
           order by scope for update`,
    values: [everybody, userId, day],
  })
}

/** What a step of a job used so far, every try included. */
export interface StepUsage {
  inputTokens: number
  outputTokens: number
  /** Null when a part of it is not known: a model without a price, or a call whose process died. */
  costNanos: number | null
}

export async function findStepUsage(client: Client, jobId: string, step: PaidStep): Promise<StepUsage> {
  const [row] = await query<StepUsage>(client, {
    name: 'enrich.find_step_usage',
    text: `select coalesce(s.input_tokens, 0) as "inputTokens", coalesce(s.output_tokens, 0) as "outputTokens",
             case when s.unpriced_calls = 0 and not exists (
               select from enrich.jobs j join enrich.calls c using (entity_id)
               where j.job_id = s.job_id and c.job_id = s.job_id and c.step = s.step and c.state = 'reserved'
             ) then s.cost_nanos end as "costNanos"
           from enrich.steps s where s.job_id = $1::uuid and s.step = $2::text`,
    values: [jobId, step],
  })
  return row ?? { inputTokens: 0, outputTokens: 0, costNanos: null }
}
