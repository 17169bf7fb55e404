// The naive shape: read what waits, and for each row await the send, then await its UPDATE.
import { createPool } from '@synap/postgres'
import { createRelayContender } from './contender.ts'
import { batchRows, outboxes, type Row, selected, toRecord } from './outbox.ts'
import { connectProducer, idsOf, runLoop } from './peer.ts'

const outbox = outboxes.marked
const pollMs = 100

export const createContender = createRelayContender({
  outbox,
  start: async (job, acknowledged, fail) => {
    const pool = createPool({ url: job.databaseUrl, applicationName: 'bench-relay' })
    const producer = await connectProducer(job)
    const relayOnce = async () => {
      const { rows } = await pool.query<Row>({
        name: 'unpublished',
        text: `select ${selected} from ${outbox} where published_at is null order by id limit $1`,
        values: [batchRows],
      })
      for (const row of rows) {
        const message = toRecord(row)
        await producer.send([message])
        acknowledged(idsOf([message]))
        await pool.query({
          name: 'mark',
          text: `update ${outbox} set published_at = clock_timestamp() where id = $1`,
          values: [row.id],
        })
      }
      return rows.length
    }
    const loop = runLoop(relayOnce, pollMs, fail)
    return {
      wake: () => undefined,
      close: async () => {
        await loop.close()
        await producer.close()
        await pool.end()
      },
    }
  },
})
