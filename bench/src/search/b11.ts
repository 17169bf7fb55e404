import { createPool } from '@synap/postgres'
import { createVectorCache } from '@synap/query/vector-cache'
import { createLogger } from '@synap/telemetry'
import { defineBenchmark } from '../benchmark.ts'
import { startBenchServers } from '../servers.ts'
import { measureQuality, qualityRows } from './hybrid-quality.ts'
import { measureTime, timeRows } from './hybrid-time.ts'
import { readLabelledSet } from './labelled-set.ts'

const database = 'bench_hybrid'

export const b11Hybrid = defineBenchmark({
  name: 'b11-hybrid',
  summary: 'words and meaning in one search, beside either alone and other ways (B11)',
  description: `Two users. One has notes of the labelled set: how good each order is (nDCG@10), by the questions and answers that
were written down before the search was tuned; meaning is that of the offline model, likeness of words. The other has real
Markdown, the READMEs of installed packages: how long the search takes, in its transaction, under row security. Each question is
asked of hybrid, of either leg alone, and of both legs one after the other in two transactions of a program that fuses them, in an
order drawn anew for each question, and all questions again and again until hybrid and the leg of words have each been at work for 0.6 s in a round; a
round before those that count warms all of them. Ratios are taken within a round, over all its answers. Beside them, by itself and
once in a round, pg_trgm over titles and beginnings, the usual way to forgive typing errors. Limit: the slower leg.`,
  options: {
    notes: { help: 'of real Markdown', unit: 'notes', default: 4_000, min: 100 },
    questions: { help: 'each contender answers again and again', unit: 'questions', default: 100, min: 10 },
    rounds: { help: 'each contender runs in', unit: 'rounds', default: 5, min: 1 },
  },
  async run(values, bench) {
    await using servers = await startBenchServers(['postgres'], bench)
    const url = await servers.createDatabase(database, ['projector'])
    const pool = createPool({ url, applicationName: 'bench-search', max: 1 })
    await using _ = { [Symbol.asyncDispose]: () => pool.end() }
    const logger = createLogger('bench', { level: 'warn' })
    const cache = createVectorCache({ pool, logger, maxBytes: 402_653_184 })
    await using __ = { [Symbol.asyncDispose]: () => cache.close() }
    const quality = await measureQuality({ pool, cache })
    const runs = await measureTime({ pool, cache }, { servers, database }, values, bench)
    return {
      spreadIs: 'lowest to highest round; of a ratio, 95 % interval of the median',
      rows: [...timeRows(runs, bench.random), ...qualityRows(quality)],
      failures: [],
      notes: [
        `${values.notes} notes of real Markdown; the labelled set has ${readLabelledSet().notes.length} notes and ${quality.length} questions.`,
        'Time is that of the transaction: what query adds (the question’s vector, passages, marks) is the same for all.',
      ],
      raw: { quality, runs: runs.map((run) => Object.fromEntries(run)) },
    }
  },
})
