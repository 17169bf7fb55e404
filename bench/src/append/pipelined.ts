// The same four statements, sent without waiting for answers: the driver's pipeline mode.
import { createAppender, openPool } from './job.ts'
import { insertEvent, insertItem } from './peer-rows.ts'

export const createContender = createAppender(async (job) => {
  const pool = openPool(job, { pipeline: true })
  return {
    append: async (item) => {
      const client = await pool.connect()
      try {
        await Promise.all([
          client.query('begin'),
          client.query(insertItem(item)),
          client.query(insertEvent(item)),
          client.query('commit'),
        ])
      } finally {
        client.release()
      }
    },
    close: () => pool.end(),
  }
})
