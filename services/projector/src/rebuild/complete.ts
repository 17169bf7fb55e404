import { crashpoint, SynapError } from '@synap/core'
import { capabilitiesOf, execute, query, transaction } from '@synap/postgres'
import { projectorRole, readModelOf } from '../config.ts'
import { insertLexemes } from '../sql/lexemes.ts'
import { insertUnsearchable } from '../sql/unsearchable.ts'
import { compareDefinitions, type Definition, missingDefinitions } from './clone-schema.ts'
import { resetIds } from './copy-rows.ts'
import { inTurns } from './in-turns.ts'
import { hurry, type LoadOptions, markSlice, type Slice, wordTables } from './load-slice.ts'

/** An index over many rows takes its time. */
export const statementTimeoutMs = 6 * 3_600_000
/** Documents that are made in one statement. */
const wordsPage = 10_000
/**
 * What the statements of words are planned by: these columns of the widest table, and the other tables whole; the rest has
 * time until the end. And the index that finds the items of a part.
 */
export const forWords = {
  table: 'entities',
  columns: ['entity_id', 'user_id', 'deleted_at', 'subject_sha256', 'content_sha256', 'language'],
  index: 'entities_living',
}

export interface CompleteOptions extends LoadOptions {
  /** How many at once. */
  workers: number
  /** Told after each statement. */
  onStep: (done: number, of: number) => void
}

/** What words are made by: the keys of the tables they are made of, an index, and what the planner has to know. */
export async function makeKeys(options: CompleteOptions): Promise<void> {
  const { keys, indexes } = await missingOf(options)
  const needed = [...keys, ...indexes.filter(({ name }) => name === forWords.index)]
  await tableByTable(options, {
    definitions: needed.filter(({ of }) => !isWordTable(of)),
    analyzed: (table) => {
      if (isWordTable(table)) return undefined
      return table === forWords.table ? `${table} (${forWords.columns.join(', ')})` : table
    },
    more: 0,
  })
}

/** Makes the searchable documents of the users of a part of the tables they are made of. */
export async function makeWords({ pool, lease, work, signal }: LoadOptions, slice: Slice): Promise<void> {
  const { schema } = readModelOf(work.n)
  await transaction(
    pool,
    { role: projectorRole },
    async (client) => {
      await lease.hold(client, work.n)
      await hurry(client)
      for (let after: string | null = null; ; ) {
        const rows: { entity_id: string }[] = await query(client, {
          text: `
            select entity_id from ${schema}.entities
            where user_id between $1::uuid and $2::uuid and deleted_at is null and ($3::uuid is null or entity_id > $3::uuid)
            order by entity_id limit ${wordsPage}`,
          values: [slice.firstUser, slice.lastUser, after],
        })
        const ids = rows.map((row) => row.entity_id)
        await insertLexemes(client, schema, ids)
        await insertUnsearchable(client, schema, ids)
        after = ids.at(-1) ?? null
        if (rows.length < wordsPage) break
      }
      await markSlice(client, work.n, slice.slice, 'worded')
      crashpoint('rebuild.in_words')
    },
    { signal },
  )
}

/**
 * The rest that a read model needs, then the proof that it is defined as the active one, and the word that the projector
 * shall follow it.
 */
export async function complete(options: CompleteOptions): Promise<void> {
  const { pool, lease, work, signal } = options
  const { keys, indexes, references, last } = await missingOf(options)
  await tableByTable(options, {
    definitions: [...keys, ...indexes],
    analyzed: (table) => (isWordTable(table) || table === forWords.table ? table : undefined),
    more: references.length + last.length,
  })
  const step = createSteps(options, references.length + last.length)
  for (const one of references) await define(options, [one], step)
  await define(options, last, step)
  const { schema } = readModelOf(work.n)
  await transaction(pool, { role: projectorRole }, (client) => resetIds(client, schema), { signal })
  const differing = await compareDefinitions(pool, readModelOf(work.activeN).schema, schema)
  if (differing.length > 0) {
    throw new SynapError(
      'the read model was changed by a migration while it was made anew: discard it and begin again',
      {
        code: 'rebuild.definition_changed',
        class: 'configuration',
        fields: { differing: differing.length, first: differing[0] ?? '' },
      },
    )
  }
  await transaction(pool, { role: projectorRole }, async (client) => {
    await lease.hold(client, work.n)
    await execute(client, {
      text: `update read_meta.rebuilds set phase = 'following' where n = $1::int`,
      values: [work.n],
    })
    await execute(client, {
      text: `update read_meta.read_models set state = 'followed', changed_at = now() where n = $1::int`,
      values: [work.n],
    })
  })
  crashpoint('rebuild.followed')
}

const isWordTable = (table: string) => wordTables.includes(table)
const workersOf = ({ pool, workers }: CompleteOptions) => (capabilitiesOf(pool).manySessions ? workers : 1)

interface TableSteps {
  definitions: readonly Definition[]
  /** What to analyse of a table once its definitions are made: its name, columns behind it; undefined = nothing. */
  analyzed: (table: string) => string | undefined
  /** Definitions that come after these. */
  more: number
}

/**
 * Makes definitions, and then statistics, of several tables at once, of each table one after the other: they would wait for
 * each other's locks. The largest begin, so that one that takes long has company.
 */
async function tableByTable(
  options: CompleteOptions,
  { definitions, analyzed, more }: TableSteps,
): Promise<void> {
  const { pool, work, signal } = options
  const { schema } = readModelOf(work.n)
  const step = createSteps(options, definitions.length + more)
  const tables = await transaction(pool, { role: projectorRole }, (client) => findTables(client, schema), {
    signal,
  })
  await inTurns(workersOf(options), tables, async (table) => {
    for (const one of definitions) if (one.of === table) await define(options, [one], step)
    const meant = analyzed(table)
    if (meant === undefined) return
    await transaction(
      pool,
      { role: projectorRole },
      async (client) => void (await execute(client, { text: `analyze ${schema}.${meant}` })),
      { signal, statementTimeoutMs },
    )
  })
}

/** Tells after each statement. */
function createSteps({ onStep }: CompleteOptions, of: number): () => void {
  let done = 0
  return () => {
    done += 1
    onStep(done, of)
  }
}

function missingOf({ pool, work, signal }: Pick<CompleteOptions, 'pool' | 'work' | 'signal'>) {
  const [from, to] = [readModelOf(work.activeN).schema, readModelOf(work.n).schema]
  return transaction(pool, { role: projectorRole }, (client) => missingDefinitions(client, from, to), {
    signal,
  })
}

/** Makes all of these in one transaction. */
async function define(
  { pool, lease, work, signal }: CompleteOptions,
  definitions: readonly Definition[],
  step: () => void,
): Promise<void> {
  await transaction(
    pool,
    { role: projectorRole },
    async (client) => {
      await lease.hold(client, work.n)
      await hurry(client)
      for (const { statement } of definitions) await execute(client, { text: statement })
      crashpoint('rebuild.in_indexes')
    },
    { signal, statementTimeoutMs },
  )
  for (const _ of definitions) step()
}

/** The tables of a read model, the largest first. */
async function findTables(client: Parameters<typeof query>[0], schema: string): Promise<string[]> {
  const rows = await query<{ name: string }>(client, {
    text: `
      select c.relname as name from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
      where n.nspname = $1::name and c.relkind = 'r' order by pg_table_size(c.oid) desc, c.relname`,
    values: [schema],
  })
  return rows.map(({ name }) => name)
}
