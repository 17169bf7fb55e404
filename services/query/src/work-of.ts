import type { ItemWork, WorkStep } from '@synap/contracts'
import { toModelCost } from './enrichment-view.ts'
import type { StepStatus } from './sql/find-statuses.ts'

/** The work on an item, step by step; null without steps. */
export function workOf(steps: readonly StepStatus[]): ItemWork | null {
  const [first] = steps
  if (first === undefined) return null
  const { run, retries, retry_by_user: user, retry_by_key: key } = first
  return { run, retries, retriedBy: user === null ? null : { user, key }, steps: steps.map(stepOf) }
}

function stepOf(row: StepStatus): WorkStep {
  return {
    step: row.step,
    state: row.state,
    attempts: row.attempts,
    error: row.error,
    startedAt: timeOf(row.started_at),
    finishedAt: timeOf(row.finished_at),
    durationMs: row.duration_ms,
    leaseUntil: timeOf(row.lease_until),
    nextRetryAt: timeOf(row.next_retry_at),
    cost: toModelCost({
      calls: row.calls,
      tokens: row.tokens,
      costNanos: row.cost_nanos,
      unpricedCalls: row.unpriced_calls,
    }),
  }
}

const timeOf = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
