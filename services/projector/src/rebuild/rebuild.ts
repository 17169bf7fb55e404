import type { RebuildLine, RebuildProgress, RebuildResult, RebuildRun } from '@synap/contracts'
import { crashpoint, SynapError, wait } from '@synap/core'
import type { Logger } from '@synap/messaging'
import { capabilitiesOf, type Pool, query, transaction } from '@synap/postgres'
import { projectorRole, readModelOf } from '../config.ts'
import { catchUp } from './catch-up.ts'
import { compareAll } from './compare-all.ts'
import { type CompleteOptions, complete, makeKeys, makeWords, statementTimeoutMs } from './complete.ts'
import { createEstimate } from './estimate.ts'
import { inTurns } from './in-turns.ts'
import { createLease, type Lease, leaseMs } from './lease.ts'
import { findOpenSlices, loadSlice, type Slice } from './load-slice.ts'
import { startLoadThreads } from './load-threads.ts'
import { beginOrResume, type Work } from './plan.ts'
import { switchReadModel } from './switch.ts'

export type RebuildOptions = Omit<RebuildRun, 'action'>

export interface Rebuild {
  /** Its login user migrates, too. Its statements may take hours. */
  pool: Pool
  logger: Logger
  topicPrefix: string
  /** URL of the pool's database: parts are folded on threads, each with connections of its own. Left out where there is one session. */
  databaseUrl?: string
  /** Events that are folded in one transaction, about; a default that suits the database when it is left out. */
  eventsPerSlice?: number
  signal: AbortSignal
}

/** How long the old read model is the way back. */
export const keepMs = 24 * 3_600_000
/** Events of a part; on a database of one connection everybody else waits for a part. */
const eventsPerSlice = { servers: 25_000, embedded: 1_000 }
/** Parts, indexes and words that are made at once. */
const manyWorkers = 2
/** Tries of the switch, each of which makes the old one's projector wait a moment. */
const switchTries = 30

/**
 * Makes the active read model anew beside itself, from the log, and then puts the new one in its place; or goes on with
 * what was broken off. Reads and writes go on meanwhile. Calls no model: derived data is what there is already.
 */
export async function* rebuild(context: Rebuild, options: RebuildOptions): AsyncGenerator<RebuildLine, void> {
  const steps = createSteps()
  const left = new AbortController()
  const signal = AbortSignal.any([context.signal, left.signal])
  const done = run({ ...context, signal }, options, (step) => steps.add(step)).finally(() => steps.end())
  done.catch(() => undefined)
  try {
    yield* steps.all()
    await done
  } finally {
    // Whoever does not listen to the end breaks it off.
    left.abort(new Error('nobody listens to the rebuild any more'))
    await done.catch(() => undefined)
  }
}

type Tell = (step: RebuildLine) => void

async function run(context: Rebuild, options: RebuildOptions, tell: Tell): Promise<void> {
  const startedAt = performance.now()
  const lease = createLease(context.pool, context.logger)
  const work = await begin(context, lease, options)
  const letGo = lease.keep(work.n)
  try {
    const sums = await sumOf(context.pool, work.n)
    if (work.phase === 'copying') await fill(context, lease, work, tell)
    const [old, made] = [readModelOf(work.activeN).schema, readModelOf(work.n).schema]
    const { pool, signal } = context
    const level = () => catchUp({ pool, old, made, signal, onLag: progressOf(tell, 'follow', 'records') })
    await level()
    const compared = await compareAll({
      pool,
      old,
      made,
      signal,
      expected: options.expected,
      limit: options.limit,
      onUsers: (at, of) => tell({ progress: { phase: 'compare', done: at, of, unit: 'users', etaMs: null } }),
    })
    for (const difference of compared.differences) tell({ difference })
    const result = {
      from: work.activeN,
      to: work.n,
      ...sums,
      rows: compared.rows,
      differences: { explained: compared.explained, unexplained: compared.unexplained },
    }
    const finish = (rest: Pick<RebuildResult, 'outcome' | 'reason' | 'keptUntil'>) =>
      tell({ rebuild: { ...result, ...rest, seconds: Math.round(performance.now() - startedAt) / 1_000 } })
    if (compared.unexplained > 0 && !options.acceptDifferences) {
      return finish({ outcome: 'refused', reason: 'rows differ, and nothing explains it', keptUntil: null })
    }
    if (!options.switch) return finish({ outcome: 'compared', reason: null, keptUntil: null })
    finish(await trySwitch(context, work, tell, level))
  } finally {
    await letGo()
  }
}

/** Waits for the lease of a process that died; refuses when another lives. */
async function begin(context: Rebuild, lease: Lease, { derived }: RebuildOptions): Promise<Work> {
  const { pool, topicPrefix, signal } = context
  const usual = capabilitiesOf(pool).manySessions ? eventsPerSlice.servers : eventsPerSlice.embedded
  const sliceEvents = context.eventsPerSlice ?? usual
  const deadline = performance.now() + leaseMs * 1.5
  for (;;) {
    const work = await transaction(
      pool,
      { role: projectorRole },
      (client) => beginOrResume(client, lease, { derived, topicPrefix, sliceEvents }),
      { isolation: 'repeatable read', signal, retries: 3 },
    )
    if (work !== undefined) {
      crashpoint('rebuild.planned')
      return work
    }
    if (performance.now() > deadline) {
      throw new SynapError('another rebuild is under way', { code: 'rebuild.under_way', class: 'dependency' })
    }
    await wait(500, signal)
  }
}

async function fill(context: Rebuild, lease: Lease, work: Work, tell: Tell): Promise<void> {
  const { pool, signal } = context
  const workers = capabilitiesOf(pool).manySessions ? manyWorkers : 1
  const load = { pool, lease, work, signal }
  const slices = async (done: 'copied' | 'worded') =>
    transaction(pool, { role: projectorRole }, (client) => findOpenSlices(client, work.n, done), { signal })
  const through = async (
    phase: 'copy' | 'words',
    open: readonly Slice[],
    make: (slice: Slice) => Promise<void>,
  ) => {
    const estimate = createEstimate(open.reduce((sum, { events }) => sum + events, 0))
    await inTurns(workers, open, async (slice) => {
      await make(slice)
      tell({ progress: { phase, unit: 'events', ...estimate.add(slice.events) } })
    })
  }
  await loadAll(context, lease, work, (loadOne) =>
    slices('copied').then((open) => through('copy', open, loadOne)),
  )
  const completing: CompleteOptions = {
    ...load,
    workers,
    onStep: (done, of) => tell({ progress: { phase: 'index', done, of, unit: 'steps', etaMs: null } }),
  }
  await makeKeys(completing)
  await through('words', await slices('worded'), (slice) => makeWords(load, slice))
  await complete(completing)
}

/** Loads parts here, and on threads besides where there may be several connections. */
async function loadAll(
  { pool, databaseUrl, signal }: Rebuild,
  lease: Lease,
  work: Work,
  all: (load: (slice: Slice) => Promise<void>) => Promise<void>,
): Promise<void> {
  const here = (slice: Slice) => loadSlice({ pool, lease, work, signal }, slice)
  if (databaseUrl === undefined) return all(here)
  const task = { databaseUrl, holder: lease.holder, work, statementTimeoutMs }
  const threads = startLoadThreads(manyWorkers - 1, task, here, signal)
  try {
    await all(threads.load)
  } finally {
    await threads.close()
  }
}

async function trySwitch(
  { pool, signal }: Rebuild,
  work: Work,
  tell: Tell,
  level: () => Promise<void>,
): Promise<Pick<RebuildResult, 'outcome' | 'reason' | 'keptUntil'>> {
  for (let tries = 1; ; tries += 1) {
    tell({ progress: { phase: 'switch', done: 0, of: 1, unit: 'steps', etaMs: null } })
    const switched = await switchReadModel({ pool, from: work.activeN, to: work.n, keepMs, signal })
    if (switched.outcome === 'switched')
      return { outcome: 'switched', reason: null, keptUntil: new Date(switched.keptUntil).toISOString() }
    if (switched.outcome === 'open_slots') {
      const { userId, sequence, reason } = switched.first
      const why = `${switched.slots} events are parked in the new read model only, first ${sequence} of user ${userId} (${reason})`
      return { outcome: 'refused', reason: why, keptUntil: null }
    }
    if (tries === switchTries) {
      return {
        outcome: 'refused',
        reason: `the new read model stays behind for ${switched.users} users`,
        keptUntil: null,
      }
    }
    await level()
  }
}

async function sumOf(pool: Pool, n: number): Promise<{ events: number; users: number }> {
  return transaction(pool, { role: projectorRole }, async (client) => {
    const [row] = await query<{ events: number; users: number }>(client, {
      text: `
        select (select coalesce(sum(events), 0)::bigint from read_meta.rebuild_slices where n = $1::int) as events,
          (select count(*) from ${readModelOf(n).schema}.user_positions) as users`,
      values: [n],
    })
    return row ?? { events: 0, users: 0 }
  })
}

function progressOf(tell: Tell, phase: RebuildProgress['phase'], unit: RebuildProgress['unit']) {
  let most = 0
  let estimate = createEstimate(0)
  let last = 0
  return (left: number) => {
    if (left > most) {
      most = left
      estimate = createEstimate(most)
      last = left
    }
    const progress = estimate.add(last - left)
    last = left
    tell({ progress: { phase, unit, ...progress } })
  }
}

/** What is told from within the work, as something to iterate over. */
function createSteps() {
  const waiting: RebuildLine[] = []
  let ended = false
  let wake = Promise.withResolvers<void>()
  return {
    add(step: RebuildLine) {
      waiting.push(step)
      wake.resolve()
    },
    end() {
      ended = true
      wake.resolve()
    },
    async *all(): AsyncGenerator<RebuildLine, void> {
      for (;;) {
        for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) yield step
        if (ended) return
        await wake.promise
        wake = Promise.withResolvers()
      }
    },
  }
}
