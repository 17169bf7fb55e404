// A projection beside the writes in one database, without HTTP and without Kafka: polled, or made by the write itself.
import { once } from 'node:events'
import { uuidv7, wait } from '@synap/core'
import pg from 'pg'
import { runOpenLoop } from '../open-loop.ts'
import type { CreateContender } from '../worker/protocol.ts'
import { now, type Probe, type ProbeJob } from './job.ts'
import { delta, project, read, write, writeAndProject } from './peer-tables.ts'

export interface PeerProbeJob extends ProbeJob {
  databaseUrl: string
  /** Milliseconds between two looks at the outbox; null = the write projects. */
  pollMs: number | null
}

const deadlineMs = 20_000

export const createContender: CreateContender<PeerProbeJob, Probe[]> = () => async (job) => {
  const pool = new pg.Pool({ connectionString: job.databaseUrl, max: 8 })
  const listener = new pg.Client({ connectionString: job.databaseUrl })
  const over = new AbortController()
  try {
    await listener.connect()
    listener.setMaxListeners(0)
    await listener.query('listen bench_read')
    const polling = job.pollMs === null ? undefined : poll(pool, job.pollMs, over.signal)
    const probes = await probe(job, pool, listener)
    over.abort()
    await polling
    return probes
  } finally {
    over.abort()
    await listener.end()
    await pool.end()
  }
}

async function poll(pool: pg.Pool, everyMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { rows } = await pool.query<{ events: number }>({ name: 'project', text: project })
    if (rows[0]?.events !== 1_000) await wait(everyMs, signal).catch(() => undefined)
  }
}

async function probe(job: PeerProbeJob, pool: pg.Pool, listener: pg.Client): Promise<Probe[]> {
  const probes: Probe[] = []
  const text = job.pollMs === null ? writeAndProject : write
  const { failures } = await runOpenLoop({
    everyMs: job.everyMs,
    signal: AbortSignal.timeout(job.seconds * 1_000),
    call: async () => {
      const [id, userId] = [uuidv7(), uuidv7()]
      const dueAt = now()
      await pool.query({ name: 'write', text, values: [id, userId, delta] })
      const acceptedAt = now()
      for (;;) {
        const told = once(listener, 'notification', { signal: AbortSignal.timeout(deadlineMs) })
        told.catch(() => undefined)
        const { rowCount } = await pool.query({ name: 'read', text: read, values: [id, userId] })
        if (rowCount === 1) break
        await told
      }
      probes.push({ id, dueAt, acceptedAt, visibleAt: now() })
    },
  })
  if (failures.length > 0) throw new Error(`${failures.length} probes failed: ${failures[0]?.reason ?? ''}`)
  return probes
}
