import { join, resolve } from 'node:path'
import type { Benchmark } from './benchmark.ts'
import { benchmarks } from './benchmarks.ts'
import { currentLoad, describeMachine } from './machine.ts'
import { createRandom } from './random.ts'
import { type Arguments, helpOf, readArguments, UsageError } from './read-arguments.ts'
import { meetsTarget, renderReport, writeReport } from './report.ts'
import { repositoryRoot } from './repository.ts'

/** As those of `./synap`: 0 = measured, 1 = something must not be, 2 = not understood, 130 = Ctrl-C. */
const exitCodes = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const

const usage = `npm run bench -- list             what can be measured
npm run bench -- NAME [options]   measures it; NAME --help says how

Each writes raw JSON and a table into bench/results, and prints the table.
A target that is missed is told; only what must never be (lost work, growing
memory) makes a command fail.`

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => interrupted.abort(new Error('interrupted')))

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  if (interrupted.signal.aborted) return exitCodes.interrupted
  console.error(error instanceof UsageError ? `bench: ${error.message}` : error)
  return error instanceof UsageError ? exitCodes.usage : exitCodes.failed
})

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    console.log(usage)
    return name === undefined ? exitCodes.usage : exitCodes.ok
  }
  if (name.toLowerCase() === 'list') {
    for (const { name, summary } of benchmarks) console.log(`${name.padEnd(20)} ${summary}`)
    return exitCodes.ok
  }
  const benchmark = benchmarks.find((candidate) => candidate.name === name)
  if (benchmark === undefined) throw new UsageError(`there is no ${name}; npm run bench -- list`)
  const given = readArguments(benchmark, args)
  if (!given.help) return measure(benchmark, given)
  console.log(helpOf(benchmark))
  return exitCodes.ok
}

async function measure(benchmark: Benchmark, { values, out, seed }: Arguments): Promise<number> {
  const startedAt = new Date()
  const began = performance.now()
  const elapsed = () => (performance.now() - began) / 1_000
  const machine = describeMachine()
  const outcome = await benchmark.run(values, {
    say: (text) => console.error(`${elapsed().toFixed(0).padStart(6)} s  ${text}`),
    signal: interrupted.signal,
    random: createRandom(seed),
  })
  const report = {
    benchmark: benchmark.name,
    startedAt: startedAt.toISOString(),
    seconds: elapsed(),
    options: { ...values, seed },
    machine: { ...machine, loadAtEnd: currentLoad() },
    outcome,
  }
  const folder = out === undefined ? join(repositoryRoot, 'bench', 'results') : resolve(out)
  const files = writeReport(report, folder)
  console.log(renderReport(report))
  console.error(`raw: ${files.json}`)
  const missed = outcome.rows.filter((row) => !meetsTarget(row))
  if (missed.length > 0) console.error(`targets missed: ${missed.map(({ what }) => what).join(', ')}`)
  for (const failure of outcome.failures) console.error(`failed: ${failure}`)
  return outcome.failures.length === 0 ? exitCodes.ok : exitCodes.failed
}
