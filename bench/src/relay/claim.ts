// Claim a batch with an UPDATE and commit, send it, mark it with another UPDATE.
import { createPool } from '@synap/postgres'
import { createRelayContender } from './contender.ts'
import { batchRows, outboxes, type Row, selected, toRecord } from './outbox.ts'
import { connectProducer, idsOf, runLoop } from './peer.ts'

const outbox = outboxes.marked

export const createContender = createRelayContender({
  outbox,
  start: async (job, acknowledged, fail) => {
    const pool = createPool({ url: job.databaseUrl, applicationName: 'bench-relay' })
    const producer = await connectProducer(job)
    const relayOnce = async () => {
      const { rows } = await pool.query<Row>({
        name: 'claim',
        text: `with claimed as (
            update ${outbox} set claimed_at = clock_timestamp() where id in (
              select id from ${outbox}
               where published_at is null and (claimed_at is null or claimed_at < clock_timestamp() - interval '1 minute')
               order by id limit $1 for update skip locked
            ) returning *
          ) select ${selected} from claimed order by id`,
        values: [batchRows],
      })
      if (rows.length === 0) return 0
      const messages = rows.map(toRecord)
      await producer.send(messages)
      acknowledged(idsOf(messages))
      await pool.query({
        name: 'mark',
        text: `update ${outbox} set published_at = clock_timestamp() where id = any ($1::bigint[])`,
        values: [rows.map(({ id }) => id)],
      })
      return rows.length
    }
    const loop = runLoop(relayOnce, 100, fail)
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
