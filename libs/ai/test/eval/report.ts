import type { ModelProvider } from '../../src/index.ts'
import type { Half, LabelledCapture } from './labelled.ts'
import { analyse, type Count, type Miss, precision, recall, type Score, type Share } from './score.ts'

/** Items a second, of one thread. */
export interface Rate {
  analysed: number
  embedded: number
  /** Analysed and embedded, as an item of the enricher is. */
  both: number
}

export interface Report {
  model: string
  promptVersion: string
  offline: boolean
  halves: Partial<Record<Half, Score>>
  rate: Rate | null
}

/** Goes round the captures for about `ms` milliseconds each way. */
export async function rateOf(
  provider: ModelProvider,
  captures: readonly LabelledCapture[],
  ms: number,
  signal: AbortSignal,
): Promise<Rate> {
  const analysed = await itemsPerSecond(captures, ms, (capture) => analyse(provider, capture, signal))
  const embedded = await itemsPerSecond(captures, ms, ({ text }) => provider.embed([text], signal))
  const both = 1 / (1 / analysed + 1 / embedded)
  return { analysed, embedded, both }
}

async function itemsPerSecond(
  captures: readonly LabelledCapture[],
  ms: number,
  work: (capture: LabelledCapture) => Promise<unknown>,
): Promise<number> {
  for (const capture of captures) await work(capture)
  const started = performance.now()
  let items = 0
  while (performance.now() - started < ms) {
    for (const capture of captures) await work(capture)
    items += captures.length
  }
  return (items * 1_000) / (performance.now() - started)
}

/** For people. Misses are printed of the halves in `shown` only. */
export function renderReport({ model, promptVersion, halves, rate }: Report, shown: readonly Half[]): string {
  const parts = [`${model}, ${promptVersion}`]
  for (const half of ['tune', 'sealed'] as const) {
    const score = halves[half]
    if (score !== undefined) parts.push(renderHalf(half, score, shown.includes(half)))
  }
  if (rate !== null) {
    const told = (name: keyof Rate) => `${name} ${Math.round(rate[name])}`
    parts.push(
      `items a second, one thread: ${(['analysed', 'embedded', 'both'] as const).map(told).join(', ')}`,
    )
  }
  return `${parts.join('\n\n')}\n`
}

function renderHalf(half: Half, score: Score, showMisses: boolean): string {
  const lines = [
    `${half} half, ${score.captures} captures`,
    row('', 'labelled', 'found', 'right', 'precision', 'recall'),
    ...Object.entries(score.intents).map(([kind, count]) => countRow(kind, count)),
    countRow('date', score.dates),
    `  words of dates ${told(score.spans)}, titles ${told(score.titles)}`,
    ...Object.entries(score.languages).map(
      ([language, { intent, dates }]) =>
        `  ${language}: intent ${told(intent)}, dates ${dates.right} of ${dates.found} found, ${dates.labelled} labelled`,
    ),
  ]
  if (showMisses) lines.push(...score.misses.map(renderMiss))
  return lines.join('\n')
}

const renderMiss = ({ language, text, expected, got }: Miss): string =>
  `  ${language} ${JSON.stringify(text)}: ${expected}, got ${got}`

const row = (name: string, ...cells: string[]): string =>
  `  ${name.padEnd(6)}${cells.map((cell) => cell.padStart(10)).join('')}`

function countRow(name: string, count: Count): string {
  const numbers = [count.labelled, count.found, count.right].map(String)
  return row(name, ...numbers, precision(count).toFixed(3), recall(count).toFixed(3))
}

const told = ({ judged, right }: Share): string => `${right} of ${judged}`
