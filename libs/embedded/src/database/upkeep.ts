import { describeError } from '@synap/core'
import type { Logger } from '@synap/messaging'
import { type Pool, query } from '@synap/postgres'

export interface Upkeep {
  /** One round now; for tests. Rejects with the error of its statement. */
  run(): Promise<void>
  /** Waits for the round under way. */
  stop(): Promise<void>
}

const everyMs = 15_000
/** Bytes of log after which a checkpoint lets them be used again; a start after a kill replays at most about these. */
const checkpointBytes = 64 * 1024 * 1024

/**
 * What a server's background processes do, and PGlite has none: without checkpoints the write-ahead log grows for as
 * long as the process lives, and without vacuum the tables do and the planner knows nothing about them.
 */
export function startUpkeep(pool: Pool, logger: Logger): Upkeep {
  let current = Promise.resolve()
  const round = async () => {
    await checkpoint(pool)
    await vacuum(pool, logger)
  }
  const timer = setInterval(() => {
    current = current.then(round).catch((error: unknown) => {
      logger.warn({ reason: describeError(error) }, 'upkeep of the embedded database failed')
    })
  }, everyMs)
  timer.unref()
  return {
    run: round,
    stop: async () => {
      clearInterval(timer)
      await current
    },
  }
}

async function checkpoint(pool: Pool): Promise<void> {
  const [log] = await query<{ due: boolean }>(pool, {
    text: `select pg_current_wal_lsn() - checkpoint_lsn > $1::numeric as due from pg_control_checkpoint()`,
    values: [checkpointBytes],
  })
  if (log?.due === true) await query(pool, { text: 'checkpoint' })
}

/** The one table that needs it most, by about the thresholds of autovacuum, so that others get their turn between. */
async function vacuum(pool: Pool, logger: Logger): Promise<void> {
  const [table] = await query<Table>(pool, {
    text: `
      select format('%I.%I', schemaname, s.relname) as name, format('%I', pg_get_userbyid(c.relowner)) as owner
        from pg_stat_user_tables s join pg_class c on c.oid = s.relid
       where n_dead_tup > 1000 + n_live_tup / 5
          or n_mod_since_analyze > 500 + n_live_tup / 10
       order by n_dead_tup + n_mod_since_analyze desc
       limit 1`,
  })
  if (table === undefined) return
  const startedAt = performance.now()
  await vacuumAsOwner(pool, table)
  logger.debug({ table: table.name, ms: Math.round(performance.now() - startedAt) }, 'table vacuumed')
}

/** Both quoted. */
interface Table {
  name: string
  owner: string
}

/**
 * As its owner: the login user may not even look into the schemas of the services. A vacuum runs in no transaction, so
 * the role is the session's until it is given back; a connection that could not do so is closed.
 */
async function vacuumAsOwner(pool: Pool, { name, owner }: Table): Promise<void> {
  const client = await pool.connect()
  let isClean = false
  try {
    await query(client, { text: `set role ${owner}` })
    try {
      await query(client, { text: `vacuum (analyze) ${name}` })
    } finally {
      await query(client, { text: 'reset role' })
      isClean = true
    }
  } finally {
    client.release(!isClean)
  }
}
