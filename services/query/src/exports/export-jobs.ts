import { type UserId } from '@synap/core'
import type { EventLog } from '@synap/event-log'
import { problem } from '@synap/http'
import type { ObjectStore } from '@synap/object-store'
import type { Logger } from '@synap/telemetry'
import {
  archiveKey,
  type ExportState,
  keptMs,
  listStates,
  newExportState,
  readState,
  stateKey,
  writeState,
} from './export-state.ts'
import { createPlaces } from './places.ts'
import { failed, mostAttempts, workOn } from './work-on-export.ts'

export interface ExportJobs {
  /** The export under way, the one of this idempotency key, or a new one. */
  start(userId: UserId, of: { minSequence: number; idempotencyKey: string | null }): Promise<ExportState>
  /** Goes on with one whose worker is gone. Undefined for an id that is not this user's, or is over its time. */
  find(userId: UserId, id: string): Promise<ExportState | undefined>
  /** Stops what is under way; the next look at it begins it anew. */
  close(): Promise<void>
}

export interface ExportJobsOptions {
  log: EventLog
  store: ObjectStore
  logger: Logger
  limits?: ExportLimits
}

export interface ExportLimits {
  /** Exports that are worked on at the same time; 2 by default. */
  atOnce?: number
  /** Exports of this process, the waiting ones too; 50 by default. */
  inAll?: number
  /** Milliseconds for which a sign of life counts; 60,000 by default. */
  leaseMs?: number
}

interface Working {
  state: ExportState
  ended: Promise<void>
}

/** Exports of this process. What is known of each lies in the object store: any instance can answer for it, or take it over. */
export function createExportJobs({ log, store, logger, limits = {} }: ExportJobsOptions): ExportJobs {
  const { atOnce = 2, inAll = 50, leaseMs = 60_000 } = limits
  const working = new Map<string, Working>()
  const inTurn = createTurns()
  const stop = new AbortController()
  const work = { log, store, logger, leaseMs, places: createPlaces(atOnce), stop: stop.signal }

  const begin = async (userId: UserId, before: ExportState): Promise<ExportState> => {
    stop.signal.throwIfAborted()
    if (working.size >= inAll)
      throw problem('unavailable', { retryAfter: 60, detail: 'Too many exports are under way.' })
    const state: ExportState = {
      ...before,
      attempt: before.attempt + 1,
      leaseUntil: Date.now() + leaseMs,
      progress: { part: 'waiting', events: 0, entities: 0, files: 0, bytes: 0 },
    }
    await writeState(store, userId, state)
    const ended = workOn(work, userId, state).finally(() => working.delete(state.id))
    working.set(state.id, { state, ended })
    return { ...state }
  }

  /** As it is now; begun anew when nobody works on it any more. */
  const current = async (userId: UserId, state: ExportState): Promise<ExportState> => {
    const own = working.get(state.id)
    if (own !== undefined) return { ...own.state }
    if (state.status !== 'running' || state.leaseUntil > Date.now()) return state
    if (state.attempt < mostAttempts) return begin(userId, state)
    const over = failed(state, 'It broke off again and again; ask for a new export.')
    await writeState(store, userId, over)
    return over
  }

  return {
    start: (userId, { minSequence, idempotencyKey }) =>
      inTurn(userId, async () => {
        const states = await listStates(store, userId, Date.now())
        const same = states.find(
          (state) => idempotencyKey !== null && state.idempotencyKey === idempotencyKey,
        )
        const underWay = same ?? states.findLast(({ status }) => status === 'running')
        // One that has just ended here may still stand as running in the store.
        const found = underWay === undefined ? undefined : await current(userId, underWay)
        if (found !== undefined && (same !== undefined || found.status === 'running')) return found
        return begin(userId, newExportState(Date.now(), { minSequence, idempotencyKey }))
      }),
    find: (userId, id) =>
      inTurn(userId, async () => {
        const state = await readState(store, userId, id)
        if (state === undefined) return undefined
        if (Date.now() - (state.finishedAt ?? Date.now()) <= keptMs) return current(userId, state)
        await store.delete(archiveKey(userId, state))
        await store.delete(stateKey(userId, id))
        return undefined
      }),
    async close() {
      stop.abort(new Error('the service stops'))
      await Promise.all([...working.values()].map(({ ended }) => ended))
    },
  }
}

/** Two calls of one user are answered one after the other, so that the second finds what the first began. */
function createTurns() {
  const turns = new Map<UserId, Promise<unknown>>()
  return async <T>(userId: UserId, work: () => Promise<T>): Promise<T> => {
    const before = turns.get(userId) ?? Promise.resolve()
    const turn = before.then(work, work)
    turns.set(userId, turn)
    try {
      return await turn
    } finally {
      if (turns.get(userId) === turn) turns.delete(userId)
    }
  }
}
