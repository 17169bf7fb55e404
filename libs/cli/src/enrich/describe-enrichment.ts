import type { EmbeddingView, EnrichmentResponse, EnrichmentStep, EnrichmentView } from '@synap/contracts'
import { plain } from '../output.ts'

const number = (value: number) => value.toLocaleString('en')

/** What work on many items would take, a line for each fact. */
export function describeEstimate({ model, searchedBy, estimate }: EnrichmentResponse): string[] {
  const { items, present, unreadable, steps, costUsd } = estimate
  const isSwitch = steps.every(({ step }) => step === 'embed')
  const change = isSwitch && searchedBy !== null && searchedBy !== model
  const parts = isSwitch ? `, of which ${number(present)} have it and ${number(unreadable)} hold no text` : ''
  return [
    ...(change ? [`From ${plain(searchedBy)} to ${plain(model)}.`] : []),
    `Items: ${number(items)}${parts}.`,
    ...steps.map(describeStep),
    `Price in all: ${priceText(costUsd)}.`,
  ]
}

function describeStep(step: EnrichmentStep): string {
  const { model, items, reused, calls, inputTokens, outputTokens, costUsd } = step
  const output = outputTokens === 0 ? '' : ` in and ${number(outputTokens)} out`
  const again = reused === 0 ? '' : ` (${number(reused)} more are there or were paid for)`
  const use = `about ${number(calls)} calls, ${number(inputTokens)} tokens${output}`
  return `${step.step} by ${plain(model)}: ${number(items)} items${again}, ${use}, ${priceText(costUsd)}`
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

/** That search is about to compare by another model, or could be; undefined where there is nothing to tell. */
export function embeddingLine({ model, searchedBy, change }: EmbeddingView): string | undefined {
  if (change !== null) {
    const by = searchedBy === null ? 'by words only' : `by ${plain(searchedBy)}`
    return `Search compares ${by} until a change is through: ${describeProgress(change)} (./synap enrich runs)`
  }
  if (model === null || searchedBy === null || model === searchedBy) return undefined
  return `Search compares by ${plain(searchedBy)}; the settings name ${plain(model)} (./synap enrich run --embeddings)`
}

/** What came of it, and what to do next where it did not end well. */
export function outcomeLine(view: EnrichmentView): string {
  const { kind, state, reason, done, failed } = view
  const model = plain(view.model)
  if (state === 'cancelled') {
    return kind === 'embed'
      ? 'Cancelled: what was made is taken back, and search is as it was.'
      : `Cancelled: ${number(done)} items were analysed, and stay so.`
  }
  if (state === 'refused')
    return `${model} cannot be used (${plain(reason ?? 'unknown')}). Nothing was changed.`
  if (state !== 'done') {
    return `${number(failed)} of ${number(done + failed)} items failed by ${model}: search stays with the old model. Try those again (./synap enrich retry), or ./synap enrich cancel`
  }
  const lost = failed === 0 ? '' : ` ${number(failed)} failed: ./synap stats says why.`
  return kind === 'embed'
    ? `Done: ${number(done)} items, and search compares by ${model} now.${lost}`
    : `Done: ${number(done)} items were analysed by ${model}.${lost}`
}
