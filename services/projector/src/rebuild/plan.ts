import { type RebuildRun, topicName } from '@synap/contracts'
import { SynapError, type UserId } from '@synap/core'
import { findLogPositions, type LoggedUser } from '@synap/event-log'
import { type Client, execute, operatorRole, query } from '@synap/postgres'
import { projectorRole, readModelOf } from '../config.ts'
import { cloneTables } from './clone-schema.ts'
import { copyRows } from './copy-rows.ts'
import type { Lease } from './lease.ts'

/** What a rebuild works on; all of it stands in the database. */
export interface Work {
  n: number
  phase: 'copying' | 'following'
  activeN: number
  derivedFrom: number
}

/**
 * Tables of the inbox, which start from where the log is, and what merges of tags leave for events that come late: of those
 * before a user's cut none can.
 */
export const inboxTables = [
  'positions',
  'user_positions',
  'parked',
  'parked_history',
  'tag_merges',
  'merged_tags',
] as const

const usersPerPage = 1_000

/**
 * The rebuild that is under way, or a new one. A new one begins with empty tables, the positions on both topics of the
 * active read model, and for each user the sequence up to which the log has everything: what is behind it comes by the
 * topic, or is fetched. Undefined while another process works on it. The caller's transaction is `repeatable read`.
 */
export async function beginOrResume(
  client: Client,
  lease: Lease,
  options: { derived: RebuildRun['derived']; topicPrefix: string; sliceEvents: number },
): Promise<Work | undefined> {
  await execute(client, { text: 'lock table read_meta.read_models in share row exclusive mode' })
  const [active] = await query<{ n: number; state: string | null }>(client, {
    text: `select a.n, m.state from read_meta.read_active as a left join read_meta.read_models as m using (n)`,
  })
  if (active?.state !== 'followed') throw noActive()
  const [open] = await query<Omit<Work, 'activeN'>>(client, {
    text: `
      select n, phase, derived_from as "derivedFrom" from read_meta.rebuilds join read_meta.read_models using (n)
      where phase <> 'switched' and state <> 'leaving' order by n for update of rebuilds`,
  })
  if (open !== undefined) {
    return (await lease.take(client, open.n)) ? { ...open, activeN: active.n } : undefined
  }
  return begin(client, lease, active.n, options)
}

async function begin(
  client: Client,
  lease: Lease,
  activeN: number,
  {
    derived,
    topicPrefix,
    sliceEvents,
  }: { derived: RebuildRun['derived']; topicPrefix: string; sliceEvents: number },
): Promise<Work> {
  const [next] = await query<{ n: number }>(client, {
    text: `
      insert into read_meta.read_models (n, state)
      select greatest(max(n), max(substr(s.nspname, 7)::int)) + 1, 'building'
      from read_meta.read_models cross join pg_namespace as s where s.nspname ~ '^read_v[0-9]+$' returning n`,
  })
  const n = next?.n ?? 0
  const { schema: from } = readModelOf(activeN)
  const { schema: to } = readModelOf(n)
  const derivedFrom = derived === 'copy' ? activeN : 0
  await execute(client, {
    text: `
      insert into read_meta.rebuilds (n, derived_from, phase, holder, lease_until)
      values ($1::int, $2::int, 'copying', $3::uuid, now())`,
    values: [n, derivedFrom, lease.holder],
  })
  await lease.take(client, n)
  // Only the login user, who migrates too, may make schemas.
  await becomeRole(client, 'none')
  await execute(client, { text: `create schema ${to} authorization ${projectorRole}` })
  await becomeRole(client, projectorRole)
  await cloneTables(client, from, to)

  const topics = [
    topicName('events', topicPrefix),
    ...(derived === 'copy' ? [topicName('derived', topicPrefix)] : []),
  ]
  await copyRows(client, {
    from,
    to,
    table: 'positions',
    where: 'topic = any ($1::text[])',
    values: [topics],
  })
  // What operators gave up stays given up, and what never had a place stays where it was put aside.
  await copyRows(client, { from, to, table: 'parked', where: `state = 'discarded' or not slot`, values: [] })
  await copyRows(client, {
    from,
    to,
    table: 'parked_history',
    where: `parked_id in (select p.id from ${to}.parked as p)`,
    values: [],
  })
  await planUsers(client, n, to, sliceEvents)
  return { n, phase: 'copying', activeN, derivedFrom }
}

/** Notes each user of the log with their cut, and cuts the users into slices of about as many events. */
async function planUsers(client: Client, n: number, to: string, sliceEvents: number): Promise<void> {
  const slices = createSlices(sliceEvents)
  let after: UserId | null = null
  for (;;) {
    const page = await usersBehind(client, after)
    const positions = await findLogPositions(
      client,
      page.map(({ userId }) => userId),
    )
    const cuts = page.map(({ userId }) => positions.get(userId)?.settled ?? 0)
    await execute(client, {
      text: `
        insert into ${to}.user_positions (user_id, seen)
        select u, s from unnest($1::uuid[], $2::bigint[]) as t (u, s) where s > 0`,
      values: [page.map(({ userId }) => userId), cuts],
    })
    for (const user of page) slices.add(user)
    after = page.at(-1)?.userId ?? null
    if (page.length < usersPerPage) break
  }
  const made = slices.all()
  await execute(client, {
    text: `
      insert into read_meta.rebuild_slices (n, slice, first_user, last_user, events)
      select $1::int, row_number() over (), f, l, e from unnest($2::uuid[], $3::uuid[], $4::bigint[]) as t (f, l, e)`,
    values: [
      n,
      made.map(({ first }) => first),
      made.map(({ last }) => last),
      made.map(({ events }) => events),
    ],
  })
}

function createSlices(sliceEvents: number) {
  const done: { first: string; last: string; events: number }[] = []
  return {
    add({ userId, events }: Pick<LoggedUser, 'userId' | 'events'>) {
      const open = done.at(-1)
      if (open === undefined || open.events + events > sliceEvents)
        done.push({ first: userId, last: userId, events })
      else Object.assign(open, { last: userId, events: open.events + events })
    },
    all: () => done,
  }
}

/** The log tells operators alone who there is. */
async function usersBehind(client: Client, after: UserId | null): Promise<LoggedUser[]> {
  await becomeRole(client, operatorRole)
  const users = await query<LoggedUser>(client, {
    text: `select user_id as "userId", seen, events from log.users_behind($1::uuid, $2::int)`,
    values: [after, usersPerPage],
  })
  await becomeRole(client, projectorRole)
  return users
}

/** Until the end of the transaction, or the next call. */
async function becomeRole(client: Client, role: string): Promise<void> {
  await query(client, { text: `select set_config('role', $1::text, true)`, values: [role] })
}

function noActive(): SynapError {
  return new SynapError('the active read model is not one that is followed', {
    code: 'read_model.not_followed',
    class: 'configuration',
  })
}
