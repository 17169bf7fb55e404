import { crashpoint, SynapError } from '@synap/core'
import { type Client, execute, type Pool, query, transaction } from '@synap/postgres'
import { projectorRole, readModelOf } from '../config.ts'
import { copyRows } from './copy-rows.ts'
import { createUserFold, type UserFold } from './fold-user.ts'
import type { Lease } from './lease.ts'
import type { Work } from './plan.ts'
import { createSchemaTexts, eventsOf, findFirstHole, readEvents, type UserCut } from './read-events.ts'
import { createRowWriter } from './row-writer.ts'

/** Users of a part, and how many events they have. */
export interface Slice {
  slice: number
  firstUser: string
  lastUser: string
  events: number
}

export interface LoadOptions {
  pool: Pool
  lease: Pick<Lease, 'hold'>
  work: Work
  signal: AbortSignal
}

/** What comes of content: copied from the active read model, or read again from the derived topic. */
export const copiedTables: readonly string[] = [
  'chosen_models',
  'entity_links',
  'entity_texts',
  'entity_vectors',
]
/** Counted from the vectors that are there. */
export const countedTable = 'user_models'
/** Made of the other tables, once there are indexes. */
export const wordTables: readonly string[] = ['entity_lexemes', 'unsearchable']

/** Parts whose rows are not there yet, in order. */
export async function findOpenSlices(client: Client, n: number, done: 'copied' | 'worded'): Promise<Slice[]> {
  return query<Slice>(client, {
    text: `
      select slice, first_user as "firstUser", last_user as "lastUser", events from read_meta.rebuild_slices
      where n = $1::int and not ${done} order by slice`,
    values: [n],
  })
}

export async function markSlice(
  client: Client,
  n: number,
  slice: number,
  done: 'copied' | 'worded',
): Promise<void> {
  const marked = await execute(client, {
    text: `update read_meta.rebuild_slices set ${done} = true where n = $1::int and slice = $2::int and not ${done}`,
    values: [n, slice],
  })
  if (marked !== 1)
    throw new SynapError('a part of the rebuild was done twice', { code: 'rebuild.done_twice', class: 'bug' })
}

/**
 * Makes all rows of the users of a part, in one transaction: those of events by folding the log, those of content by
 * copying them. Where a user's events cannot be folded, or the log lacks one, the user's cut goes before it and the part
 * is made again: what is behind a cut comes by the way of all events, which parks or fetches.
 */
export async function loadSlice(options: LoadOptions, slice: Slice): Promise<void> {
  for (;;) {
    const cuts = await loadOnce(options, slice)
    if (cuts.length === 0) return
    await transaction(options.pool, { role: projectorRole }, (client) =>
      lowerCuts(client, readModelOf(options.work.n).schema, cuts),
    )
  }
}

async function loadOnce({ pool, lease, work, signal }: LoadOptions, slice: Slice): Promise<UserCut[]> {
  const { schema } = readModelOf(work.n)
  let lower: UserCut[] = []
  try {
    await transaction(
      pool,
      { role: projectorRole },
      async (client) => {
        await lease.hold(client, work.n)
        await hurry(client)
        const cuts = await findCuts(client, schema, slice)
        lower = await foldUsers(client, schema, cuts)
        if (lower.length > 0) throw new LowerCuts('the part is made again')
        await copyDerived(client, work, slice)
        await markSlice(client, work.n, slice.slice, 'copied')
        crashpoint('rebuild.in_slice')
      },
      { signal },
    )
  } catch (error) {
    if (!(error instanceof LowerCuts)) throw error
  }
  return lower
}

class LowerCuts extends Error {}

/**
 * For a part: memory for what is sorted and gathered, and no wait for the disk. Where the server dies, the mark of a part is
 * lost with its rows, and it is made again; the word that a read model is complete is waited for, and all before it with it.
 */
export async function hurry(client: Client): Promise<void> {
  await query(client, {
    text: `
      select set_config('synchronous_commit', 'off', true), set_config('work_mem', '64MB', true),
        set_config('maintenance_work_mem', '256MB', true), set_config('enable_memoize', 'off', true)`,
  })
}

async function findCuts(client: Client, schema: string, { firstUser, lastUser }: Slice): Promise<UserCut[]> {
  return query<UserCut>(client, {
    text: `
      select user_id as "userId", seen as "upTo" from ${schema}.user_positions
      where user_id between $1::uuid and $2::uuid order by user_id`,
    values: [firstUser, lastUser],
  })
}

async function lowerCuts(client: Client, schema: string, cuts: readonly UserCut[]): Promise<void> {
  await execute(client, {
    text: `
      update ${schema}.user_positions as p set seen = c.up_to
      from unnest($1::uuid[], $2::bigint[]) as c (user_id, up_to) where p.user_id = c.user_id`,
    values: [cuts.map(({ userId }) => userId), cuts.map(({ upTo }) => upTo)],
  })
}

/** Folds and writes; answers the cuts that have to be lower. */
async function foldUsers(client: Client, schema: string, cuts: readonly UserCut[]): Promise<UserCut[]> {
  const writer = createRowWriter(client, schema)
  const texts = createSchemaTexts(client)
  const discarded = await findDiscarded(client, schema, cuts)
  const counts = new Map<string, number>()
  const lower: UserCut[] = []
  let current: { userId: string; fold: UserFold } | undefined
  const refused = new Map<string, number>()

  const end = () => {
    const from = current?.fold.finish()
    if (current !== undefined && from !== undefined) refused.set(current.userId, from)
    current = undefined
  }
  for await (const page of readEvents(client, cuts)) {
    for (const row of page) {
      const { user_id: userId, logged } = row
      if (userId !== current?.userId) {
        end()
        if (counts.has(userId)) throw new TypeError('the log answered about a user twice')
        counts.set(userId, logged)
        const gaveUp = discarded.get(userId) ?? new Set<number>()
        current = { userId, fold: createUserFold(userId, gaveUp, writer.sink) }
      }
      for (const event of eventsOf(row))
        current.fold.add(event, texts.known(event.schemaNo) ?? (await texts.find(event.schemaNo)))
    }
    await writer.flush(false)
  }
  end()
  for (const cut of cuts) {
    const { userId, upTo } = cut
    const isWhole = (counts.get(userId) ?? 0) >= upTo
    const hole = isWhole ? undefined : await findFirstHole(client, cut, discarded.get(userId) ?? new Set())
    const first = Math.min(refused.get(userId) ?? Infinity, hole ?? Infinity)
    if (first <= upTo) lower.push({ userId, upTo: first - 1 })
  }
  await writer.flush(true)
  return lower
}

/** Sequences that operators gave up, by user. */
async function findDiscarded(
  client: Client,
  schema: string,
  cuts: readonly UserCut[],
): Promise<Map<string, Set<number>>> {
  const rows = await query<{ user_id: string; sequences: number[] }>(client, {
    text: `
      select user_id, array_agg(sequence) as sequences from ${schema}.parked
      where slot and state = 'discarded' and user_id = any ($1::uuid[]) group by user_id`,
    values: [cuts.map(({ userId }) => userId)],
  })
  return new Map(rows.map(({ user_id: id, sequences }) => [id, new Set(sequences)]))
}

/** What comes of content, as the active read model has it; never of what is gone for good. */
async function copyDerived(
  client: Client,
  { n, derivedFrom }: Work,
  { firstUser, lastUser }: Slice,
): Promise<void> {
  if (derivedFrom === 0) return
  const { schema: to } = readModelOf(n)
  const { schema: from } = readModelOf(derivedFrom)
  const values = [firstUser, lastUser]
  const users = 'user_id between $1::uuid and $2::uuid'
  for (const table of copiedTables) {
    await copyRows(client, {
      from,
      to,
      table,
      where: `${users} and user_id not in (select p.subject_id from ${to}.purged as p where p.${users})`,
      values,
    })
  }
  await execute(client, {
    text: `
      insert into ${to}.${countedTable} (user_id, model, vectors)
      select user_id, model, sum(vectors) from (
        select user_id, model, 1 as vectors from ${to}.entity_vectors where ${users}
        union all
        select user_id, model, 0 from ${from}.${countedTable}
        where ${users} and user_id not in (select p.subject_id from ${to}.purged as p where p.${users})
      ) as counts group by user_id, model`,
    values,
  })
}
