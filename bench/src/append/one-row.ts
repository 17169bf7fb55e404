// One prepared INSERT of one row through the same driver: what of the distance to pgbench is Node's.
import { createAppender, openPool } from './job.ts'
import { insertEvent } from './peer-rows.ts'

export const createContender = createAppender(async (job) => {
  const pool = openPool(job)
  return {
    append: async (item) => void (await pool.query(insertEvent(item))),
    close: () => pool.end(),
  }
})
