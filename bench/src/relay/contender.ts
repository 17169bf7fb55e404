import { setTimeout as sleep } from 'node:timers/promises'
import { createPool, type Pool } from '@synap/postgres'
import { runOpenLoop } from '../open-loop.ts'
import { theilSen } from '../statistics.ts'
import type { CreateContender } from '../worker/protocol.ts'
import type { RelayJob, RelayRun, StartRelay } from './job.ts'
import { type Outbox, putRows } from './outbox.ts'

interface Measured {
  outbox: Outbox
  /** Commits say so with NOTIFY. */
  notify?: boolean
  start: StartRelay
}

/** Rows that are put in at a time to keep the backlog up. */
const putAtOnce = 500
const sampleEveryMs = 20

/** A worker that puts rows into an outbox, as ingest would in the same process, and relays them. */
export function createRelayContender({
  outbox,
  notify,
  start,
}: Measured): CreateContender<RelayJob, RelayRun> {
  return () => async (job) => {
    // One connection: a user's rows must commit in their order, for which ingest locks the user.
    const pool = createPool({ url: job.databaseUrl, applicationName: 'bench-load', max: 1 })
    const failed = Promise.withResolvers<never>()
    const count = createCount(job.rows)
    const relay = await start(job, count.acknowledged, failed.reject)
    try {
      const put = async (range: readonly [number, number]) => {
        await putRows(pool, outbox, range, notify)
        relay.wake()
      }
      const load = job.load.kind === 'backlog' ? keepWaiting : putSingles
      return await Promise.race([load(pool, job, put, count), failed.promise])
    } finally {
      await relay.close()
      await pool.end()
    }
  }
}

type Put = (range: readonly [number, number]) => Promise<void>
type Count = ReturnType<typeof createCount>

function createCount(rows: number) {
  const all = Promise.withResolvers<void>()
  const times = new Map<string, number>()
  const count = {
    /** When each event was acknowledged. */
    times,
    firstAt: 0,
    lastAt: 0,
    /** Rows of the first acknowledgement, with which the clock starts. */
    firstRows: 0,
    all: all.promise,
    acknowledged: (eventIds: readonly string[]) => {
      const now = performance.now()
      if (count.firstAt === 0) Object.assign(count, { firstAt: now, firstRows: eventIds.length })
      for (const id of eventIds) times.set(id, now)
      count.lastAt = now
      if (times.size >= rows) all.resolve()
    },
  }
  return count
}

async function keepWaiting(_: Pool, { rows, load }: RelayJob, put: Put, count: Count): Promise<RelayRun> {
  if (load.kind !== 'backlog') throw new TypeError('a backlog is asked for')
  const backlog: [number, number][] = []
  let last = 0
  const putMore = async () => {
    const first = last + 1
    last = Math.min(rows, last + putAtOnce)
    await put([first, last])
  }
  while (last < Math.min(rows, load.waiting)) await putMore()
  const sampling = setInterval(() => {
    if (count.firstAt > 0 && last < rows) backlog.push([performance.now() / 1_000, last - count.times.size])
  }, sampleEveryMs)
  try {
    while (last < rows) {
      if (last - count.times.size < load.waiting) await putMore()
      else await sleep(2)
    }
  } finally {
    clearInterval(sampling)
  }
  await count.all
  const seconds = (count.lastAt - count.firstAt) / 1_000
  return {
    rowsPerSecond: (rows - count.firstRows) / seconds,
    // Without the beginning, when the first batches meet a backlog that nobody had worked on.
    slope: theilSen(everyNth(backlog.slice(backlog.length >> 2), 200)),
    latencies: [],
  }
}

async function putSingles(pool: Pool, { rows, load }: RelayJob, put: Put, count: Count): Promise<RelayRun> {
  if (load.kind !== 'single') throw new TypeError('single commits are asked for')
  const ids = await pool.query<{ event_id: string }>(
    'select event_id from bench.events where n <= $1 order by n',
    [rows],
  )
  const committed: number[] = []
  const backlog: [number, number][] = []
  const over = new AbortController()
  const startedAt = performance.now()
  const { failures } = await runOpenLoop({
    everyMs: load.everyMs,
    signal: over.signal,
    call: async (turn) => {
      if (turn >= rows) return
      if (turn === rows - 1) over.abort()
      await put([turn + 1, turn + 1])
      committed[turn] = performance.now()
      backlog.push([performance.now() / 1_000, turn + 1 - count.times.size])
    },
  })
  if (failures.length > 0) throw new Error(`${failures.length} commits failed: ${failures[0]?.reason ?? ''}`)
  await count.all
  return {
    rowsPerSecond: rows / ((count.lastAt - startedAt) / 1_000),
    slope: theilSen(everyNth(backlog, 200)),
    // A relay that polls may have a row before its writer has the answer to the commit.
    latencies: ids.rows.map(({ event_id: id }, turn) =>
      Math.max(0, (count.times.get(id) ?? Number.NaN) - (committed[turn] ?? Number.NaN)),
    ),
  }
}

/** At most about `most` of the points: the slopes of all pairs are looked at. */
function everyNth<T>(points: readonly T[], most: number): T[] {
  const step = Math.ceil(points.length / most)
  return points.filter((_, index) => index % step === 0)
}
