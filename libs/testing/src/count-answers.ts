import { setImmediate } from 'node:timers/promises'
import type { Pool } from '@synap/postgres'

export interface Answers {
  /** Messages of answers: each is a round trip that a transaction waited for. Statements that travel together share one. */
  messages: number
  /** Statements that were answered in them. */
  statements: number
}

/**
 * Counts what a server answers to a pool's connections while work is done. Call it before the pool is used; and do the work
 * once before it counts: connections and prepared roles are there then.
 */
export function countAnswers(pool: Pool): (work: () => Promise<unknown>) => Promise<Answers> {
  let messages = 0
  let statements = 0
  pool.on('connect', (client) => {
    // Not in the driver's types. `shared`: told by our own code between statements of one message.
    const { connection } = client as unknown as { connection: NodeJS.EventEmitter }
    connection.on('readyForQuery', ({ shared }: { shared?: boolean }) => {
      if (shared !== true) messages += 1
    })
    connection.on('commandComplete', () => {
      statements += 1
    })
  })
  return async (work) => {
    const before = { messages, statements }
    await work()
    // The end of what was only read is nobody's to wait for, but counts.
    while (pool.idleCount < pool.totalCount) await setImmediate()
    return { messages: messages - before.messages, statements: statements - before.statements }
  }
}
