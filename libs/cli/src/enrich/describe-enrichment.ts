import type { EnrichmentResponse, EnrichmentStep, EnrichmentView } from '@synap/contracts'
import { plain } from '../output.ts'

const number = (value: number) => value.toLocaleString('en')

/** What work on many items would take, a line for each fact. */
export function describeEstimate({ model, searchedBy, estimate }: EnrichmentResponse): string[] {
  const { items, present, unreadable, steps, costUsd } = estimate
  return [
    ...(searchedBy === null || searchedBy === model ? [] : [`From ${plain(searchedBy)} to ${plain(model)}.`]),
    `Items: ${number(items)}, of which ${number(present)} have it and ${number(unreadable)} hold no text.`,
    ...steps.map(describeStep),
    `Price in all: ${priceText(costUsd)}.`,
  ]
}

function describeStep({
  step,
  model,
  items,
  reused,
  calls,
  inputTokens,
  outputTokens,
  costUsd,
}: EnrichmentStep): string {
  const tokens = outputTokens === 0 ? number(inputTokens) : `${number(inputTokens)} + ${number(outputTokens)}`
  const again = reused === 0 ? '' : ` (${number(reused)} more were paid for before)`
  return `${step} by ${plain(model)}: ${number(items)} items${again}, about ${number(calls)} calls, ${tokens} tokens, ${priceText(costUsd)}`
}

/** What is unknown is never called nothing. */
export function priceText(costUsd: number | null): string {
  if (costUsd === null) return 'price unknown (set ENRICH_PRICES)'
  if (costUsd === 0) return '$0'
  return costUsd < 0.01 ? 'less than $0.01' : `about $${costUsd.toFixed(2)}`
}

/** One line about how far it is. */
export function describeProgress({ model, state, reason, items, done, failed }: EnrichmentView): string {
  const why = reason === null ? '' : ` (${plain(reason)})`
  const lost = failed === 0 ? '' : `, ${number(failed)} failed`
  return `${state}${why} by ${plain(model)}, ${number(done)} of ${number(items)} items${lost}`
}

/** What came of it, and what to do next where it did not end well. */
export function outcomeLine(view: EnrichmentView): string {
  const { state, reason, done, failed, model } = view
  if (state === 'done') {
    const lost = failed === 0 ? '' : ` ${number(failed)} could not be embedded: ./synap stats says why.`
    return `Done: ${number(done)} items, and search compares by ${plain(model)} now.${lost}`
  }
  if (state === 'cancelled') return 'Cancelled: what was made is taken back, and search is as it was.'
  if (state === 'refused')
    return `${plain(model)} cannot be used (${plain(reason ?? 'unknown')}). Nothing was changed.`
  return `${number(failed)} of ${number(done + failed)} items failed by ${plain(model)}: search stays with the old model. Try those again, or ./synap enrich cancel`
}
