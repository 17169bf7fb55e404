import { createHash } from 'node:crypto'
import pg from 'pg'
import { runOpenLoop } from '../open-loop.ts'
import { cpuSecondsOfTree } from '../process-cpu.ts'
import { quantile } from '../statistics.ts'
import type { CreateContender } from '../worker/protocol.ts'
import { type Item, newItem } from './template.ts'

/** Durable appends of one item each. */
export interface AppendJob {
  databaseUrl: string
  /** Connections, and calls under way at once where no rate is given. */
  inFlight: number
  /** Calls per second at fixed times (open loop); undefined = as many as it takes (closed loop). */
  rate?: number
  /** How long. */
  seconds: number
  /** The postmaster, whose CPU time is read. */
  postgresPid: number
}

export interface Appended {
  perSecond: number
  /** From a call (in the open loop: from when it was due) to its answer. */
  p50Ms: number
  p99Ms: number
  /** All items that were stored, those of the warm-up too, and a sum over their events' ids. */
  items: number
  idSum: string
  /** CPU seconds of this process and of Postgres, and the calls that took them. */
  cpu: { program: number; postgres: number; calls: number }
}

/** Stores one item; resolves when it is durable. */
export type Append = (item: Item) => Promise<void>

/** Calls per connection that are not timed: the sixth is the first that a plan is kept for. */
const warmUps = 12

/** A contender that has an append, made for a number of connections and closed after the job. */
export function createAppender(
  open: (job: AppendJob) => Promise<{ append: Append; close: () => Promise<unknown> }>,
): CreateContender<AppendJob, Appended> {
  return () => async (job) => {
    const { append, close } = await open(job)
    const ids: string[] = []
    let turn = 0
    const call = async () => {
      const item = newItem((turn += 1))
      await append(item)
      ids.push(item.eventId)
    }
    try {
      await warmUp(job, call)
      const timed = await withCpu(job, () =>
        job.rate === undefined ? closedLoop(job, call) : openLoop(job, job.rate, call),
      )
      const { calls, ...measured } = timed.value
      return { ...measured, items: ids.length, idSum: idSumOf(ids), cpu: { ...timed.cpu, calls } }
    } finally {
      await close()
    }
  }
}

/** The same number of calls on each connection, at once. */
async function warmUp({ inFlight }: AppendJob, call: () => Promise<void>): Promise<void> {
  for (let turn = 0; turn < warmUps; turn += 1) await Promise.all(Array.from({ length: inFlight }, call))
}

async function withCpu<T>(
  { postgresPid }: AppendJob,
  work: () => Promise<T>,
): Promise<{ value: T; cpu: { program: number; postgres: number } }> {
  const postgresBefore = await cpuSecondsOfTree(postgresPid)
  const before = process.cpuUsage()
  const value = await work()
  const { user, system } = process.cpuUsage(before)
  const postgres = (await cpuSecondsOfTree(postgresPid)) - postgresBefore
  return { value, cpu: { program: (user + system) / 1_000_000, postgres } }
}

/** As `assertStored` has the database sum them: the first 60 bits of each MD5. */
function idSumOf(ids: readonly string[]): string {
  let sum = 0n
  for (const id of ids) sum += BigInt(`0x${createHash('md5').update(id).digest('hex').slice(0, 15)}`)
  return sum.toString()
}

type Measured = Pick<Appended, 'perSecond' | 'p50Ms' | 'p99Ms'> & { calls: number }

export async function closedLoop(
  { inFlight, seconds }: Pick<AppendJob, 'inFlight' | 'seconds'>,
  call: () => Promise<void>,
): Promise<Measured> {
  const latencies: number[] = []
  const beganAt = performance.now()
  const until = beganAt + seconds * 1_000
  const worker = async () => {
    for (let now = performance.now(); now < until; ) {
      await call()
      const answeredAt = performance.now()
      latencies.push(answeredAt - now)
      now = answeredAt
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return measuredOf(latencies, (performance.now() - beganAt) / 1_000)
}

export async function openLoop(
  { seconds }: Pick<AppendJob, 'seconds'>,
  rate: number,
  call: () => Promise<void>,
): Promise<Measured> {
  const beganAt = performance.now()
  const signal = AbortSignal.timeout(seconds * 1_000)
  const { latencies, failures } = await runOpenLoop({ everyMs: 1_000 / rate, signal, call })
  const [failed] = failures
  if (failed !== undefined) throw new Error(`${failures.length} calls failed: ${failed.reason}`)
  return measuredOf(latencies, (performance.now() - beganAt) / 1_000)
}

const measuredOf = (latencies: readonly number[], seconds: number): Measured => ({
  calls: latencies.length,
  perSecond: latencies.length / seconds,
  p50Ms: quantile(latencies, 0.5),
  p99Ms: quantile(latencies, 0.99),
})

/** A pool of the driver's own, as the peers use it. */
export const openPool = ({ databaseUrl, inFlight }: AppendJob, options: pg.PoolConfig = {}): pg.Pool =>
  new pg.Pool({ connectionString: databaseUrl, max: inFlight, ...options })
