// The limit of the database: every row that waits, read through one cursor and thrown away.
import { createPool } from '@synap/postgres'
import type { CreateContender } from '../worker/protocol.ts'
import type { RelayJob, RelayRun } from './job.ts'
import { batchRows, outboxes, putRows, selected } from './outbox.ts'

const outbox = outboxes.marked

export const createContender: CreateContender<RelayJob, RelayRun> = () => async (job) => {
  const pool = createPool({ url: job.databaseUrl, applicationName: 'bench-load', max: 1 })
  try {
    await putRows(pool, outbox, [1, job.rows])
    const client = await pool.connect()
    try {
      const beganAt = performance.now()
      await client.query(
        `begin; declare waiting no scroll cursor for select ${selected} from ${outbox} where published_at is null order by id`,
      )
      let read = 0
      for (let more = true; more; ) {
        const { rows } = await client.query(`fetch ${batchRows} from waiting`)
        read += rows.length
        more = rows.length > 0
      }
      await client.query('commit')
      if (read !== job.rows) throw new Error(`${read} rows were read of ${job.rows}`)
      return { rowsPerSecond: read / ((performance.now() - beganAt) / 1_000), slope: 0, latencies: [] }
    } finally {
      client.release()
    }
  } finally {
    await pool.end()
  }
}
