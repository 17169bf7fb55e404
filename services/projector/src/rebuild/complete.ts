import { crashpoint, SynapError } from '@synap/core'
import { capabilitiesOf, execute, query, transaction } from '@synap/postgres'
import { projectorRole, readModelOf } from '../config.ts'
import { insertLexemes } from '../sql/lexemes.ts'
import { insertUnsearchable } from '../sql/unsearchable.ts'
import { compareDefinitions, type Definition, missingDefinitions } from './clone-schema.ts'
import { resetIds } from './copy-rows.ts'
import { inTurns } from './in-turns.ts'
import { type LoadOptions, markSlice, type Slice, wordTables } from './load-slice.ts'

/** An index over many rows takes its time. */
export const statementTimeoutMs = 6 * 3_600_000
/** Documents that are made in one statement. */
const wordsPage = 10_000
/** The widest table, and the columns that the statements of words are planned by; the others have time until the end. */
const widest = {
  table: 'entities',
  columns: ['entity_id', 'user_id', 'deleted_at', 'subject_sha256', 'content_sha256', 'language'],
}

export interface CompleteOptions extends LoadOptions {
  /** How many at once. */
  workers: number
  /** Told after each statement. */
  onStep: (done: number, of: number) => void
}

/**
 * Keys and indexes of the new read model, but those of the words, each in a transaction of its own; then what the planner
 * has to know for making words.
 */
export async function makeIndexes(options: CompleteOptions): Promise<void> {
  const { first, indexes } = await missingOf(options)
  await run(options, first, indexes.length, options.workers)
  await run(options, indexes, 0, options.workers)
  await analyze(options, (table) => !isWordTable(table), { [widest.table]: widest.columns })
}

/** Makes the searchable documents of the users of a part of the tables they are made of. */
export async function makeWords({ pool, lease, work, signal }: LoadOptions, slice: Slice): Promise<void> {
  const { schema } = readModelOf(work.n)
  await transaction(
    pool,
    { role: projectorRole },
    async (client) => {
      await lease.hold(client, work.n)
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
  const { words, last } = await missingOf(options)
  // One index takes nearly all of this time, and one connection.
  await inTurns(
    workersOf(options),
    [() => analyze(options, (table) => table === widest.table), () => run(options, words, last.length, 1)],
    (part) => part(),
  )
  await run(options, last, 0, 1)
  const { schema } = readModelOf(work.n)
  await transaction(pool, { role: projectorRole }, (client) => resetIds(client, schema), { signal })
  await analyze(options, isWordTable)
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

/** In a transaction for each table: so none is locked for longer than it takes. `columns`: of a table not all of them. */
async function analyze(
  options: CompleteOptions,
  isMeant: (table: string) => boolean,
  columns: Readonly<Record<string, readonly string[]>> = {},
): Promise<void> {
  const { pool, work, signal } = options
  const { schema } = readModelOf(work.n)
  const tables = await transaction(pool, { role: projectorRole }, (client) => tablesOf(client, schema), {
    signal,
  })
  await inTurns(workersOf(options), tables.filter(isMeant), (table) => {
    const some = columns[table] === undefined ? '' : ` (${columns[table].join(', ')})`
    return transaction(
      pool,
      { role: projectorRole },
      async (client) => void (await execute(client, { text: `analyze ${schema}.${table}${some}` })),
      { signal, statementTimeoutMs },
    )
  })
}

function missingOf({ pool, work, signal }: Pick<CompleteOptions, 'pool' | 'work' | 'signal'>) {
  const [from, to] = [readModelOf(work.activeN).schema, readModelOf(work.n).schema]
  return transaction(pool, { role: projectorRole }, (client) => missingDefinitions(client, from, to), {
    signal,
  })
}

async function run(
  options: CompleteOptions,
  definitions: readonly Definition[],
  more: number,
  workers: number,
): Promise<void> {
  const { pool, lease, work, signal, onStep } = options
  let done = 0
  await inTurns(Math.min(workers, workersOf(options)), definitions, async ({ statement }) => {
    await transaction(
      pool,
      { role: projectorRole },
      async (client) => {
        await lease.hold(client, work.n)
        await query(client, { text: `select set_config('maintenance_work_mem', '256MB', true)` })
        await execute(client, { text: statement })
        crashpoint('rebuild.in_indexes')
      },
      { signal, statementTimeoutMs },
    )
    done += 1
    onStep(done, definitions.length + more)
  })
}

async function tablesOf(client: Parameters<typeof query>[0], schema: string): Promise<string[]> {
  const rows = await query<{ name: string }>(client, {
    text: 'select tablename as name from pg_tables where schemaname = $1::name order by 1',
    values: [schema],
  })
  return rows.map(({ name }) => name)
}
