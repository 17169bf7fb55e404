import { mapPostgresError } from './error.ts'
import { ask } from './pipeline.ts'
import type { Client, Pool } from './pool.ts'

export interface Statement {
  /**
   * Prepares the statement once per connection. Holds the schema's name (`read_v1.find_entity`), because a plan cached
   * for one row type fails on another; at most 63 characters, or the server would cut it.
   */
  name?: string
  text: string
  values?: readonly unknown[]
}

const statementName = /^[a-z_][a-z0-9_]*\.[a-z0-9_.]+$/

/**
 * Runs one statement and gives its rows. On a pool it runs as the login user, outside any transaction: everything but
 * health checks goes through `transaction()`. Rejects with a `SynapError` (see `mapPostgresError`).
 */
export async function query<T>(executor: Pool | Client, statement: Statement): Promise<T[]> {
  return (await run(executor, statement)).rows as T[]
}

/** As `query`, for statements without rows: the number of rows it touched. */
export async function execute(executor: Pool | Client, statement: Statement): Promise<number> {
  return (await run(executor, statement)).rowCount ?? 0
}

export function checkName(name: string): void {
  if (statementName.test(name) && name.length <= 63) return
  throw new TypeError(`the statement name ${JSON.stringify(name)} must be schema.name, 63 characters at most`)
}

async function run(executor: Pool | Client, { name, text, values }: Statement) {
  if (name !== undefined) checkName(name)
  const send = () =>
    executor.query({
      text,
      ...(name === undefined ? {} : { name }),
      ...(values === undefined ? {} : { values: [...values] }),
    })
  try {
    return await ('release' in executor ? ask(executor, send) : send())
  } catch (error) {
    throw mapPostgresError(error)
  }
}
