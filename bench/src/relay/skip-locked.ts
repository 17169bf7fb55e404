import { createPool } from '@synap/postgres'
import pg from 'pg'
import type { StartRelay } from './job.ts'
import { batchRows, outboxes, type Row, selected, toRecord } from './outbox.ts'
import { connectProducer, idsOf, runLoop } from './peer.ts'

const outbox = outboxes.deleted

/**
 * One transaction per batch: DELETE of what nobody else has locked, send, commit. In between it waits `pollMs`, or with
 * `listens` for a NOTIFY.
 */
export function skipLocked({ pollMs, listens }: { pollMs: number; listens: boolean }): StartRelay {
  return async (job, acknowledged, fail) => {
    const pool = createPool({ url: job.databaseUrl, applicationName: 'bench-relay' })
    const producer = await connectProducer(job)
    const relayOnce = async () => {
      const client = await pool.connect()
      try {
        await client.query('begin')
        const { rows } = await client.query<Row>({
          name: 'take',
          text: `with taken as (
              delete from ${outbox} where id in (
                select id from ${outbox} order by id limit $1 for update skip locked
              ) returning *
            ) select ${selected} from taken order by id`,
          values: [batchRows],
        })
        const messages = rows.map(toRecord)
        if (messages.length > 0) await producer.send(messages)
        acknowledged(idsOf(messages))
        await client.query('commit')
        return rows.length
      } finally {
        client.release()
      }
    }
    const loop = runLoop(relayOnce, pollMs, fail)
    const listener = new pg.Client({ connectionString: job.databaseUrl })
    await listener.connect()
    listener.on('notification', loop.wake)
    if (listens) await listener.query('listen bench_outbox')
    return {
      wake: () => undefined,
      close: async () => {
        await loop.close()
        await listener.end()
        await producer.close()
        await pool.end()
      },
    }
  }
}
