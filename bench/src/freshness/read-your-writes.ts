import { defineBenchmark, type Row } from '../benchmark.ts'
import { runRounds } from '../rounds.ts'
import { startBenchServers } from '../servers.ts'
import { median, range, ratioOf } from '../statistics.ts'
import { startWorker } from '../worker/start-worker.ts'
import { startPipeline } from './pipeline.ts'
import type { ReadLevel, ReadLevelJob } from './read-level.ts'

const database = 'bench_level'

export const readYourWrites = defineBenchmark({
  name: 'read-your-writes',
  summary: 'what min_sequence costs a read that is level already',
  description: `One entity is read over HTTP from a query process, with and without min_sequence in turn, one call at a time, by a
reader whose write has long been applied.`,
  options: {
    times: { help: 'reads of each kind in a round', unit: 'reads', default: 1_000, min: 10 },
    rounds: { help: 'it is repeated', unit: 'rounds', default: 7, min: 1 },
  },
  async run({ times, rounds }, bench) {
    await using servers = await startBenchServers(['postgres', 'kafka', 'registry', 'object-store'], bench)
    await using scope = new AsyncDisposableStack()
    const { ingestUrl, queryUrl, probeKeys } = await startPipeline(servers, database, scope, bench.signal)
    const module = new URL('read-level.ts', import.meta.url).href
    const worker = scope.use(await startWorker<ReadLevelJob, ReadLevel>(module))
    const [key = ''] = probeKeys
    const run = async () => (await worker.run({ ingestUrl, queryUrl, key, times })).value
    const results =
      (await runRounds({ contenders: [{ name: 'synap', run }], rounds, bench })).get('synap') ?? []
    const of = (take: (result: ReadLevel) => number) => results.map(take)
    const ms = (what: string, values: readonly number[], target?: Row['target']): Row => ({
      what,
      unit: 'ms',
      value: median(values),
      count: values.length,
      spread: range(values),
      ...(target !== undefined && { target }),
    })
    const asking = of((result) => result.asking)
    const plain = of((result) => result.plain)
    const { median: value, interval } = ratioOf(asking, plain, bench.random)
    return {
      spreadIs: 'lowest to highest round; of a ratio, 95 % interval of the median',
      rows: [
        ms(
          'added by min_sequence to the median',
          of((result) => result.asking - result.plain),
          { atMost: 1 },
        ),
        { what: 'read with min_sequence / without', value, unit: 'times', count: rounds, spread: interval },
        ms('read without min_sequence, median', plain),
        ms('read with min_sequence, median', asking),
        ms(
          'read without min_sequence, p99',
          of((result) => result.plainP99),
        ),
        ms(
          'read with min_sequence, p99',
          of((result) => result.askingP99),
        ),
      ],
      failures: [],
      notes: [`${times} reads of each kind per round, turn by turn on one connection.`],
      raw: { results },
    }
  },
})
