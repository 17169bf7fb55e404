import { backoffMs, type ErrorClass, errorClass, SynapError } from '@synap/core'

/** What a failure of a handler calls for; the table of the design, one word per row. */
export type Action = 'park' | 'repair' | 'pause' | 'halt' | 'crash'

const actions: Readonly<Record<ErrorClass, Action>> = {
  data: 'park',
  order: 'repair',
  dependency: 'pause',
  configuration: 'halt',
  bug: 'crash',
}

/** What any thrown value calls for. What no adapter has classified is a bug. */
export function actionOf(error: unknown): Action {
  return actions[errorClass(error)]
}

/**
 * What a driver does with a failure that came out of a handler. Parking and repairing are the handler's own work, so a
 * `data` or `order` error that reaches the driver must not be skipped over, nor crash the process again and again: halt.
 */
export function driverActionOf(error: unknown): 'pause' | 'halt' | 'crash' {
  const action = actionOf(error)
  return action === 'park' || action === 'repair' ? 'halt' : action
}

/** How long a paused partition waits, in milliseconds. */
export interface PausePolicy {
  /** Before the first retry. */
  baseMs: number
  /** At most. */
  capMs: number
}

export const pausePolicy: PausePolicy = { baseMs: 200, capMs: 30_000 }

/** Milliseconds until retry number `attempt` (1 is the first): jittered and growing, or what the other side asked for. */
export function pauseMs(attempt: number, error: unknown, policy: PausePolicy = pausePolicy): number {
  const asked = error instanceof SynapError ? (error.retryAfterMs ?? 0) : 0
  return Math.min(policy.capMs, Math.max(asked, backoffMs(attempt, policy)))
}
