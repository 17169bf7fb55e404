// What a send takes by itself: the records of the same rows, one by one at the same times, without any outbox.
import { createPool } from '@synap/postgres'
import { runOpenLoop } from '../open-loop.ts'
import type { CreateContender } from '../worker/protocol.ts'
import type { RelayJob, RelayRun } from './job.ts'
import { type Row, selected, toRecord } from './outbox.ts'
import { connectProducer } from './peer.ts'

export const createContender: CreateContender<RelayJob, RelayRun> = () => async (job) => {
  if (job.load.kind !== 'single') throw new TypeError('single sends are asked for')
  const pool = createPool({ url: job.databaseUrl, applicationName: 'bench-load', max: 1 })
  const { rows } = await pool.query<Row>(
    `select ${selected} from (select *, n as id from (select ${named} from bench.events) e) o where n <= $1 order by n`,
    [job.rows],
  )
  await pool.end()
  const messages = rows.map(toRecord)
  const producer = await connectProducer(job)
  const over = new AbortController()
  const latencies: number[] = []
  try {
    const { failures } = await runOpenLoop({
      everyMs: job.load.everyMs,
      signal: over.signal,
      call: async (turn) => {
        const message = messages[turn]
        if (message === undefined) return
        if (turn === messages.length - 1) over.abort()
        const sentAt = performance.now()
        await producer.send([message])
        latencies[turn] = performance.now() - sentAt
      },
    })
    if (failures.length > 0) throw new Error(`${failures.length} sends failed: ${failures[0]?.reason ?? ''}`)
    return { rowsPerSecond: 1_000 / job.load.everyMs, slope: 0, latencies }
  } finally {
    await producer.close()
  }
}

const named = `n, event_id, event_type, user_id, aggregate_id, aggregate_type, version, sequence, occurred_at, source,
  correlation_id, causation_id, actor_kind, actor_id, delta, schema_fingerprint, traceparent, tracestate`
