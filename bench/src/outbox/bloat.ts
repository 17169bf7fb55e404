import { wait } from '@synap/core'
import { emptyUsers, noteSchemas } from '../append/stores.ts'
import { defineBenchmark, type Row } from '../benchmark.ts'
import { runOpenLoop } from '../open-loop.ts'
import { type BenchServers, startBenchServers } from '../servers.ts'
import { median, range, theilSen } from '../statistics.ts'
import { type Pipeline, startPipeline } from './pipeline.ts'
import { readSizes, type Sizes } from './sizes.ts'

const database = 'bench_outbox'
const inFlight = 16
const sampleEveryMs = 2_000
/** Growth over the whole run, in parts of what a retained row takes, from which it counts as growing. */
const growthLimit = 0.5

export const outboxBloat = defineBenchmark({
  name: 'outbox-bloat',
  summary: 'table and indexes of the outbox under load: bytes per row that is kept, dead rows',
  description: `Appends at a fixed rate, Synap's relay publishes (into the log, which stands for the broker), and its upkeep closes
and drops partitions, with hours made seconds: a partition takes rows for --close-after and published rows stay for --keep
seconds (six hours and a day in ingest), and the server looks for dead rows every two seconds in place of every minute.
Once the first partition was dropped, what a kept row takes in table and indexes may not grow.`,
  options: {
    seconds: { help: 'of load', unit: 'seconds', default: 120, min: 30 },
    rate: { help: 'of appends', unit: 'appends/s', default: 500, min: 1 },
    'close-after': { help: 'a partition is closed', unit: 'seconds', default: 5, min: 1 },
    keep: { help: 'published rows stay', unit: 'seconds', default: 10, min: 1 },
  },
  async run({ seconds, rate, 'close-after': closeAfter, keep }, bench) {
    await using servers = await startBenchServers(['postgres'], bench)
    await servers.setPostgres('autovacuum_naptime', "'2s'")
    const databaseUrl = await servers.createDatabase(database, ['ingest', 'events-writer'])
    await noteSchemas(servers, database)
    await emptyUsers(servers, database)
    const load = { seconds, rate, signal: bench.signal, say: bench.say }
    const { samples, dropped, appended } = await underLoad(servers, load, () =>
      startPipeline({ databaseUrl, inFlight, closeAfter, keep }),
    )
    await assertLogged(servers, appended)
    const steady = samples.filter(({ at }) => at >= 2 * (closeAfter + keep))
    return {
      spreadIs: 'lowest to highest sample',
      ...judged(steady, dropped),
      notes: [
        `${appended} appends at ${rate}/s over ${seconds} s; all of them are in the log, once.`,
        `${dropped.length} partitions were dropped; ${steady.length} samples after the first ${2 * (closeAfter + keep)} s count.`,
      ],
      raw: { samples, dropped },
    }
  },
})

interface Load {
  seconds: number
  rate: number
  signal: AbortSignal
  say: (text: string) => void
}

async function underLoad(
  servers: BenchServers,
  { seconds, rate, signal, say }: Load,
  start: () => Promise<Pipeline>,
): Promise<{ samples: Sizes[]; dropped: string[]; appended: number }> {
  await using pipeline = await start()
  const over = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000)])
  const samples: Sizes[] = []
  const dropped: string[] = []
  let appended = 0
  const beganAt = performance.now()
  const call = async () => {
    await pipeline.append()
    appended += 1
  }
  const watch = async () => {
    while (!over.aborted) {
      dropped.push(...(await pipeline.upkeep()))
      const at = (performance.now() - beganAt) / 1_000
      const sizes = await readSizes(servers, database, { at, appended })
      samples.push(sizes)
      say(
        `${sizes.rows} rows in ${sizes.partitions} partitions, ${sizes.waiting} wait, ${dropped.length} dropped`,
      )
      await wait(sampleEveryMs, over).catch(() => undefined)
    }
  }
  const [{ failures }] = await Promise.all([
    runOpenLoop({ everyMs: 1_000 / rate, signal: over, call }),
    watch(),
  ])
  signal.throwIfAborted()
  const [failed] = failures
  if (failed !== undefined) throw new Error(`${failures.length} appends failed: ${failed.reason}`)
  while ((await readSizes(servers, database, { at: 0, appended })).waiting > 0) await wait(200, signal)
  return { samples, dropped, appended }
}

async function assertLogged(servers: BenchServers, appended: number): Promise<void> {
  const [line] = await servers.sql(
    database,
    `select (select count(*) from log.events), (select count(distinct event_id) from log.events),
            (select sum(sequence) from write.users);`,
  )
  if (line !== `${appended}|${appended}|${appended}`)
    throw new Error(`of ${appended} appends the log has ${line}`)
}

function judged(steady: readonly Sizes[], dropped: readonly string[]): { rows: Row[]; failures: string[] } {
  const perRow = (bytes: (sizes: Sizes) => number) => steady.map((sizes) => bytes(sizes) / sizes.rows)
  const row = (what: string, unit: string, values: readonly number[], target?: Row['target']): Row => {
    const aim = target === undefined ? {} : { target }
    return { what, unit, value: median(values), count: values.length, spread: range(values), ...aim }
  }
  const growth = (values: readonly number[]) => {
    const span = (steady.at(-1)?.at ?? 0) - (steady[0]?.at ?? 0)
    const slope = theilSen(values.map((value, index) => [steady[index]?.at ?? 0, value]))
    return (slope * span) / median(values)
  }
  const table = perRow(({ tableBytes }) => tableBytes)
  const indexes = perRow(({ indexBytes }) => indexBytes)
  const dead = steady.map(({ deadTuples, rows }) => deadTuples / rows)
  const users = steady.map(({ usersBytes }) => usersBytes / 1_024)
  const grows = (what: string, values: readonly number[]): Row => ({
    what: `growth of ${what} over the run`,
    value: growth(values),
    unit: 'of itself',
    count: values.length,
    target: { atMost: growthLimit / 2 },
  })
  const growing = [
    ['the table, per kept row,', table],
    ['the indexes, per kept row,', indexes],
    ['write.users', users],
  ] as const
  const failures = growing
    .filter(([, values]) => growth(values) > growthLimit)
    .map(([what]) => `${what} grows under load`)
  if (dropped.length === 0) failures.push('no partition was dropped')
  return {
    rows: [
      row('table of the outbox', 'bytes/kept row', table),
      row('indexes of the outbox', 'bytes/kept row', indexes),
      ...growing.map(([what, values]) => grows(what, values)),
      row('dead rows of the outbox', 'per kept row', dead, { atMost: 1.5 }),
      row(
        'kept rows',
        'rows',
        steady.map(({ rows }) => rows),
      ),
      row(
        'partitions',
        'tables',
        steady.map(({ partitions }) => partitions),
      ),
      row('write.users, a thousand rows', 'KiB', users),
    ],
    failures,
  }
}
