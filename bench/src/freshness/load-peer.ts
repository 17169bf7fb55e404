// What others write meanwhile, with the statement of the peer.
import { uuidv7 } from '@synap/core'
import pg from 'pg'
import { runOpenLoop } from '../open-loop.ts'
import type { CreateContender } from '../worker/protocol.ts'
import type { LoadJob } from './job.ts'
import { delta, write, writeAndProject } from './peer-tables.ts'

export interface PeerLoadJob extends LoadJob {
  databaseUrl: string
  projects: boolean
}

/** How many were written. */
export const createContender: CreateContender<PeerLoadJob, number> = () => async (job) => {
  const pool = new pg.Pool({ connectionString: job.databaseUrl, max: 8 })
  const text = job.projects ? writeAndProject : write
  let items = 0
  try {
    const { failures } = await runOpenLoop({
      everyMs: 1_000 / job.rate,
      signal: AbortSignal.timeout(job.seconds * 1_000),
      call: async () => {
        await pool.query({ name: 'write', text, values: [uuidv7(), uuidv7(), delta] })
        items += 1
      },
    })
    if (failures.length > 0) throw new Error(`${failures.length} writes failed: ${failures[0]?.reason ?? ''}`)
    return items
  } finally {
    await pool.end()
  }
}
