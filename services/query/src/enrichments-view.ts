import type { EnrichmentEstimate, EnrichmentView } from '@synap/contracts'
import type { EmbeddingWeight, EnrichmentRow } from './sql/enrichments.ts'

/** Most languages need fewer tokens, some a few more. */
const bytesPerToken = 4
/** Chunks of a text share about an eighth of it with their neighbours. */
const overlap = 8 / 7

/** What a switch would take, from what is stored; text that nobody has read yet counts as long as its file. */
export function embeddingEstimate(weight: EmbeddingWeight): EnrichmentEstimate {
  const { items, present, unreadable, model, offline, paid, to_embed: missing, calls, bytes } = weight
  const inputTokens = tokensToEmbed(bytes)
  const costUsd = costOf(offline, inputTokens, weight.input_price)
  const step = { step: 'embed' as const, model, items: missing - paid, reused: paid, calls, inputTokens }
  return { items, present, unreadable, steps: [{ ...step, outputTokens: 0, costUsd }], costUsd }
}

/** Tokens of so many bytes of text, about. */
export const tokensOf = (bytes: number) => Math.ceil(bytes / bytesPerToken)

/** The same for its chunks. */
export const tokensToEmbed = (bytes: number) => Math.ceil((bytes * overlap) / bytesPerToken)

/** US dollars; what needs no model costs nothing, and without a price nobody knows. */
export function costOf(offline: boolean, tokens: number, price: number | null): number | null {
  if (offline || tokens === 0) return 0
  return price === null ? null : (tokens * price) / 1_000_000
}

/** @param now milliseconds since 1970. */
export function toEnrichmentView(row: EnrichmentRow, now: number): EnrichmentView {
  const { id, kind, model, state, reason, open, done, failed } = row
  const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
  return {
    id,
    kind,
    model,
    state,
    reason,
    items: Math.max(row.items, open + done + failed),
    done,
    failed,
    open,
    requestedAt: new Date(row.requested_at).toISOString(),
    startedAt: time(row.started_at),
    switchedAt: time(row.switched_at),
    finishedAt: time(row.finished_at),
    remainingMs: remainingMs(row, now),
  }
}

function remainingMs(row: EnrichmentRow, now: number): number | null {
  if (row.finished_at !== null) return 0
  const over = row.done + row.failed
  if (row.started_at === null || over === 0) return null
  const left = Math.max(0, row.items - over, row.open)
  return Math.round((Math.max(0, now - row.started_at) / over) * left)
}
