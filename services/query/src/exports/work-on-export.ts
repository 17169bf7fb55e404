import { backoffMs, describeError, errorClass, type UserId } from '@synap/core'
import type { EventLog } from '@synap/event-log'
import type { ObjectStore } from '@synap/object-store'
import type { Logger } from '@synap/telemetry'
import { type ExportState, readState, writeState } from './export-state.ts'
import { startHeartbeat } from './heartbeat.ts'
import { makeArchive } from './make-archive.ts'
import type { createPlaces } from './places.ts'

type Places = ReturnType<typeof createPlaces>

/** Times an export is begun before it is given up. */
export const mostAttempts = 5
const superseded = new Error('somebody else works on this export')

export interface WorkOptions {
  log: EventLog
  store: ObjectStore
  logger: Logger
  leaseMs: number
  places: Places
  /** Aborted when the process ends; whoever looks next begins anew. */
  stop: AbortSignal
}

/** Makes an export and keeps its state; never rejects. Leaves it alone once somebody else has begun it anew. */
export async function workOn(
  { log, store, logger, leaseMs, places, stop }: WorkOptions,
  userId: UserId,
  state: ExportState,
): Promise<void> {
  const broken = new AbortController()
  const signal = AbortSignal.any([stop, broken.signal])
  const assertOurs = async () => {
    const stored = await readState(store, userId, state.id)
    if (stored === undefined || stored.attempt > state.attempt) throw superseded
  }
  const beat = startHeartbeat(leaseMs / 4, signal, async () => {
    await assertOurs()
    state.leaseUntil = Date.now() + leaseMs
    await writeState(store, userId, state)
  })
  beat.failed.catch((error: unknown) => broken.abort(error))
  try {
    await places.enter(signal)
    try {
      await makeArchive({ log, store }, userId, state, signal)
    } finally {
      places.leave()
    }
    await beat.end()
    await assertOurs()
    Object.assign(state, { status: 'done', finishedAt: Date.now(), leaseUntil: 0 })
  } catch (error) {
    await beat.end()
    const reason: unknown = signal.aborted ? signal.reason : error
    if (reason === superseded) return
    const again = stop.aborted || (isPassing(reason) && state.attempt < mostAttempts)
    logger.warn({ err: reason, exportId: state.id, attempt: state.attempt, again }, 'an export broke off')
    if (again)
      state.leaseUntil = stop.aborted
        ? 0
        : Date.now() + backoffMs(state.attempt, { baseMs: 2_000, capMs: 60_000 })
    else
      Object.assign(
        state,
        failed(state, 'It could not be made; ask for a new export, or whoever runs Synap why.'),
      )
  }
  await writeState(store, userId, state).catch((error: unknown) =>
    logger.warn(
      { reason: describeError(error), exportId: state.id },
      'the state of an export could not be kept',
    ),
  )
}

export const failed = (state: ExportState, error: string): ExportState => ({
  ...state,
  status: 'failed',
  finishedAt: Date.now(),
  leaseUntil: 0,
  error,
})

const isPassing = (error: unknown) => ['dependency', 'order'].includes(errorClass(error))
