// Change data capture without Debezium: inserts streamed out of a logical slot (pgoutput), gathered into batches.
import { createPool } from '@synap/postgres'
import { LogicalReplicationService, type Pgoutput, PgoutputPlugin } from 'pg-logical-replication'
import { createRelayContender } from './contender.ts'
import { batchRows, outboxes, type Row, toRecord } from './outbox.ts'
import { connectProducer, idsOf } from './peer.ts'

const slot = 'bench_relay'
/** Beyond this many rows in memory the stream waits. */
const mostWaiting = 8 * batchRows

export const createContender = createRelayContender({
  outbox: outboxes.deleted,
  start: async (job, acknowledged, fail) => {
    const pool = createPool({ url: job.databaseUrl, applicationName: 'bench-relay', max: 1 })
    await pool.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [slot])
    const producer = await connectProducer(job)
    const service = new LogicalReplicationService(
      { connectionString: job.databaseUrl },
      { acknowledge: { auto: false, timeoutSeconds: 10 }, flowControl: { enabled: true } },
    )
    const queue: { lsn: string; row: Row }[] = []
    let sending: Promise<void> | undefined
    let room = Promise.withResolvers<void>()
    const send = async () => {
      while (queue.length > 0) {
        const batch = queue.splice(0, batchRows)
        const messages = batch.map(({ row }) => toRecord(row))
        await producer.send(messages)
        acknowledged(idsOf(messages))
        await service.acknowledge(batch.at(-1)?.lsn ?? '')
        room.resolve()
      }
      sending = undefined
    }
    service.on('error', fail)
    service.on('data', async (lsn: string, message: Pgoutput.Message) => {
      if (message.tag !== 'insert') return
      queue.push({ lsn, row: rowOf(message.new) })
      // After the other rows that came in the same piece of the stream.
      sending ??= new Promise<void>((resolve) => setImmediate(resolve)).then(send)
      sending.catch(fail)
      if (queue.length < mostWaiting) return
      room = Promise.withResolvers()
      await room.promise
    })
    const started = new Promise<void>((resolve) => service.on('start', resolve))
    const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: ['bench'] })
    service.subscribe(plugin, slot).catch(fail)
    await started
    return {
      wake: () => undefined,
      close: async () => {
        await sending
        await service.destroy()
        await producer.close()
        await dropSlot(pool)
        await pool.end()
      },
    }
  },
})

/** The server may still think that we read from it. */
async function dropSlot(pool: ReturnType<typeof createPool>): Promise<void> {
  await pool.query(
    `select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1 and active`,
    [slot],
  )
  for (;;) {
    const { rowCount } = await pool.query(
      `select from pg_replication_slots where slot_name = $1 and active`,
      [slot],
    )
    if (rowCount === 0) break
  }
  await pool.query('select pg_drop_replication_slot($1)', [slot])
}

function rowOf(values: Record<string, unknown>): Row {
  const { correlation_id: correlation, schema_fingerprint: fingerprint, occurred_at: at } = values
  return {
    ...(values as unknown as Row),
    sequence: Number(values['sequence']),
    occurred_at: (at as Date).getTime(),
    correlation_id: String(correlation).replaceAll('-', ''),
    fingerprint: (fingerprint as Buffer).toString('hex'),
  }
}
