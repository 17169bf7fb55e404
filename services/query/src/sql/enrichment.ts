import type { PauseKind } from '@synap/contracts'
import type { EntityId, UserId } from '@synap/core'
import { type Client, query } from '@synap/postgres'

/** What calls of models used. Money in billionths of a US dollar, here and below. */
export interface UsedRow {
  calls: number
  tokens: number
  costNanos: number
  unpricedCalls: number
}

export interface PauseRow {
  kind: PauseKind
  user: UserId | null
  byOperator: boolean
  why: string | null
  /** Milliseconds since 1970, here and below. */
  since: number
}

/** `enrich.control_of`: what a user, or everybody, used and may use, what is paused and what waits. */
export interface ControlRow {
  day: string
  nextDay: number
  today: UsedRow
  total: UsedRow
  limits: { calls: number | null; tokens: number | null; costNanos: number | null; own: boolean } | null
  pauses: PauseRow[]
  waiting: {
    step: string
    state: 'deferred' | 'retrying' | 'failed'
    reason: string
    items: number
    nextAt: number | null
  }[]
  open: number
}

/** Of the asking user; under the role of query. */
export async function findOwnControl(client: Client): Promise<ControlRow | undefined> {
  const [row] = await query<{ control: ControlRow | null }>(client, {
    name: 'enrich.find_own_control',
    text: 'select enrich.control_of_me() as control',
    values: [],
  })
  return row?.control ?? undefined
}

/** The part of it that statistics show: no counting of what waits. */
export interface SpendingRow {
  today: UsedRow
  total: UsedRow
  paused: PauseKind[]
}

export async function findOwnSpending(client: Client): Promise<SpendingRow> {
  const [row] = await query<{ spending: SpendingRow | null }>(client, {
    name: 'enrich.find_own_spending',
    text: 'select enrich.spending_of_me() as spending',
    values: [],
  })
  const none = { calls: 0, tokens: 0, costNanos: 0, unpricedCalls: 0 }
  return row?.spending ?? { today: none, total: none, paused: [] }
}

/** Of a user, or (null) of everybody; under the role of operators, as all below. */
export async function findControl(client: Client, user: UserId | null): Promise<ControlRow | undefined> {
  const [row] = await query<{ control: ControlRow }>(client, {
    name: 'enrich.find_control',
    text: 'select enrich.control_of($1::uuid) as control',
    values: [user],
  })
  return row?.control
}

/** What one item of the asking user cost. */
export async function findItemCost(client: Client, id: EntityId): Promise<UsedRow | undefined> {
  const [row] = await query<UsedRow>(client, {
    name: 'enrich.find_item_cost',
    text: `select calls, tokens, cost_nanos as "costNanos", unpriced_calls as "unpricedCalls"
           from enrich.item_cost($1::uuid)`,
    values: [id],
  })
  return row
}

/** Who asks for something, for the record. */
export interface Asker {
  userId: UserId
  keyId: string | null
}

export interface RetryRow {
  step: string
  reason: string
  items: number
}

/** What is to be tried again. `user` null: of all users. */
export interface RetryOf {
  user: UserId | null
  entity: EntityId | null
  reason: string | null
}

/** How many rows one statement marks; `dryRun` marks none. */
export interface RetryHow {
  most: number
  dryRun: boolean
}

export function markRetry(client: Client, of: RetryOf, how: RetryHow, by: Asker): Promise<RetryRow[]> {
  return query<RetryRow>(client, {
    name: 'enrich.mark_retry',
    text: `select step, reason, items
           from enrich.mark_retry($1::uuid, $2::uuid, $3::text, $4::int, $5::boolean, $6::uuid, $7::uuid)`,
    values: [of.user, of.entity, of.reason, how.most, how.dryRun, by.userId, by.keyId],
  })
}

/** The same of the asking user's own; under the role of query. */
export function markOwnRetry(
  client: Client,
  of: Omit<RetryOf, 'user'>,
  how: RetryHow,
  by: Asker,
): Promise<RetryRow[]> {
  return query<RetryRow>(client, {
    name: 'enrich.retry_mine',
    text: `select step, reason, items
           from enrich.retry_mine($1::uuid, $2::text, $3::int, $4::boolean, $5::uuid)`,
    values: [of.entity, of.reason, how.most, how.dryRun, by.keyId],
  })
}

/** Answers whether there is a pause more. */
export async function insertPause(
  client: Client,
  of: { user: UserId | null; kind: PauseKind; why: string | null },
  by: Asker,
): Promise<boolean> {
  const [row] = await query<{ made: boolean }>(client, {
    name: 'enrich.pause',
    text: 'select enrich.pause($1::uuid, $2::text, true, $3::uuid, $4::uuid, $5::text) as made',
    values: [of.user, of.kind, by.userId, by.keyId, of.why],
  })
  return row?.made === true
}

/** The same by the asking user for themself; under the role of query. */
export async function insertOwnPause(
  client: Client,
  of: { kind: PauseKind; why: string | null },
  by: Asker,
): Promise<boolean> {
  const [row] = await query<{ made: boolean | null }>(client, {
    name: 'enrich.pause_mine',
    text: 'select enrich.pause_mine($1::text, $2::uuid, $3::text) as made',
    values: [of.kind, by.keyId, of.why],
  })
  return row?.made === true
}

/** Answers how many pauses were lifted; `kind` null: of every kind. */
export async function deletePauses(
  client: Client,
  of: { user: UserId | null; kind: PauseKind | null },
): Promise<number> {
  const [row] = await query<{ lifted: number }>(client, {
    name: 'enrich.resume',
    text: 'select enrich.resume($1::uuid, $2::text, true) as lifted',
    values: [of.user, of.kind],
  })
  return row?.lifted ?? 0
}

/** The same of the asking user's own; under the role of query. */
export async function deleteOwnPauses(client: Client, kind: PauseKind | null): Promise<number> {
  const [row] = await query<{ lifted: number | null }>(client, {
    name: 'enrich.resume_mine',
    text: 'select enrich.resume_mine($1::text) as lifted',
    values: [kind],
  })
  return row?.lifted ?? 0
}

export async function upsertBudget(
  client: Client,
  user: UserId,
  limits: { calls: number | null; tokens: number | null; costNanos: number | null },
  by: Asker,
): Promise<void> {
  await query(client, {
    name: 'enrich.set_budget',
    text: 'select enrich.set_budget($1::uuid, $2::bigint, $3::bigint, $4::bigint, $5::uuid, $6::uuid)',
    values: [user, limits.calls, limits.tokens, limits.costNanos, by.userId, by.keyId],
  })
}

export async function deleteBudget(client: Client, user: UserId): Promise<void> {
  await query(client, {
    name: 'enrich.drop_budget',
    text: 'select enrich.drop_budget($1::uuid)',
    values: [user],
  })
}
