import { parseArgs } from 'node:util'
import { createOfflineProvider } from '../../src/index.ts'
import { type Half, readLabelled } from './labelled.ts'
import { rateOf, renderReport } from './report.ts'
import { type Score, scoreOf } from './score.ts'

const help = `How well the offline provider reads the labelled captures.

  npm run eval -w libs/ai [-- options]

  --half tune|sealed   one half only; both by default
  --misses             print the misses of the tune half
  --show-sealed        print those of the sealed half too, which uses it up (eval/README.md)
  --rate               measure items a second, for 2 s
  --json               one JSON object
`

const { values } = parseArgs({
  options: {
    half: { type: 'string' },
    misses: { type: 'boolean', default: false },
    'show-sealed': { type: 'boolean', default: false },
    rate: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

async function run(): Promise<string> {
  const signal = AbortSignal.timeout(120_000)
  const provider = createOfflineProvider()
  const captures = readLabelled()
  const shown: Half[] = [
    ...(values.misses ? (['tune'] as const) : []),
    ...(values['show-sealed'] ? (['sealed'] as const) : []),
  ]
  const halves: Partial<Record<Half, Score>> = {}
  for (const half of ['tune', 'sealed'] as const) {
    if (values.half !== undefined && values.half !== half) continue
    const score = await scoreOf(
      provider,
      captures.filter((capture) => capture.half === half),
      signal,
    )
    halves[half] = shown.includes(half) ? score : { ...score, misses: [] }
  }
  const { model, promptVersion, offline } = provider
  const rate = values.rate ? await rateOf(provider, captures, 1_000, signal) : null
  const report = { model, promptVersion, offline, halves, rate }
  return values.json ? `${JSON.stringify(report)}\n` : renderReport(report, shown)
}

process.stdout.write(values.help ? help : await run())
