import type { EmbeddingView, EnrichmentPause, EnrichmentStatus, ModelCost } from '@synap/contracts'
import type { UserId } from '@synap/core'
import type { ControlRow, PauseRow, UsedRow } from './sql/enrichment.ts'

const nanosPerDollar = 1_000_000_000

/** Without any call the cost is nothing; of calls without a price nobody knows what they cost. */
export function toModelCost({ calls, tokens, costNanos, unpricedCalls }: UsedRow): ModelCost {
  const isUnknown = unpricedCalls > 0 && costNanos === 0
  return { calls, tokens, cost: isUnknown ? null : costNanos / nanosPerDollar, unpricedCalls }
}

export function toPause({ since, ...pause }: PauseRow): EnrichmentPause {
  return { ...pause, since: new Date(since).toISOString() }
}

export function toEnrichmentStatus(
  user: UserId | null,
  row: ControlRow,
  embedding: EmbeddingView | null,
): EnrichmentStatus {
  const { calls = null, tokens = null, costNanos = null, own = false } = row.limits ?? {}
  return {
    user,
    day: row.day,
    nextDayAt: new Date(row.nextDay).toISOString(),
    today: toModelCost(row.today),
    total: toModelCost(row.total),
    limits: { calls, tokens, cost: costNanos === null ? null : costNanos / nanosPerDollar, own },
    paused: row.pauses.map(toPause),
    open: row.open,
    embedding,
    waiting: row.waiting.map(({ nextAt, ...group }) => ({
      ...group,
      nextAt: nextAt === null ? null : new Date(nextAt).toISOString(),
    })),
  }
}

/** Dollars of a request in billionths. */
export function nanosOf(dollars: number | null): number | null {
  return dollars === null ? null : Math.round(dollars * nanosPerDollar)
}
