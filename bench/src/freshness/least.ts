import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Worker } from '../worker/start-worker.ts'

/** The way of Synap between the same processes, with nothing done on it but the hand-overs. */
export interface LeastJob {
  databaseUrl: string
  brokers: string
  topic: string
}

export interface LeastWorkers {
  write: Worker<LeastJob, string>
  project: Worker<LeastJob, null>
  read: Worker<LeastJob, string>
}

export const leastChannel = 'bench_least'

/** Starts it; the addresses are those of ingest and query for a probe. */
export async function startLeast(
  { write, project, read }: LeastWorkers,
  job: LeastJob,
): Promise<{ ingestUrl: string; queryUrl: string }> {
  await project.run(job)
  return { ingestUrl: (await write.run(job)).value, queryUrl: (await read.run(job)).value }
}

/** Listens on a free port; its address. */
export async function listenAt(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
