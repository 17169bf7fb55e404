import { parseArgs } from 'node:util'
import { createOfflineProvider } from '../../src/index.ts'
import { type Half, readLabelled } from './labelled.ts'
import { type PeopleScore, readLabelledPeople, renderPeople, scorePeople } from './people.ts'
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
  const sentences = readLabelledPeople()
  const halves: Partial<Record<Half, Score>> = {}
  const people: Partial<Record<Half, PeopleScore>> = {}
  for (const half of ['tune', 'sealed'] as const) {
    if (values.half !== undefined && values.half !== half) continue
    const score = await scoreOf(
      provider,
      captures.filter((capture) => capture.half === half),
      signal,
    )
    halves[half] = shown.includes(half) ? score : { ...score, misses: [] }
    const named = await scorePeople(
      sentences.filter((sentence) => sentence.half === half),
      signal,
    )
    people[half] = shown.includes(half) ? named : { ...named, misses: [] }
  }
  const { model, promptVersion, offline } = provider
  const rate = values.rate ? await rateOf(provider, captures, 1_000, signal) : null
  const report = { model, promptVersion, offline, halves, rate }
  if (values.json) return `${JSON.stringify({ ...report, people })}\n`
  const lines = Object.entries(people).map(([half, score]) =>
    renderPeople(half as Half, score, shown.includes(half as Half)),
  )
  return `${renderReport(report, shown)}\n${lines.join('\n')}\n`
}

process.stdout.write(values.help ? help : await run())
