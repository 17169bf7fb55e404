import type pg from 'pg'
import { createAppender, openPool } from './job.ts'
import { insertEvent, insertItem } from './peer-rows.ts'

/** A transaction of the two rows and what comes after them, statement by statement. */
export const beginCommit = (after: readonly pg.QueryConfig[]) =>
  createAppender(async (job) => {
    const pool = openPool(job)
    return {
      append: async (item) => {
        const client = await pool.connect()
        try {
          await client.query('begin')
          await client.query(insertItem(item))
          await client.query(insertEvent(item))
          for (const statement of after) await client.query(statement)
          await client.query('commit')
        } finally {
          client.release()
        }
      },
      close: () => pool.end(),
    }
  })
