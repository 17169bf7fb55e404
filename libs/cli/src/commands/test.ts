import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import { note } from '../output.ts'
import { repositoryRoot } from '../repository.ts'
import { countsLine, readResults } from '../test-run/read-results.ts'
import { serversObstacle } from '../test-run/servers-obstacle.ts'
import { filesOf } from '../test-run/test-files.ts'

const layers = ['unit', 'int', 'e2e'] as const
type Layer = (typeof layers)[number]

type TestOptions = Partial<Record<Layer, boolean>>

/** `synap test`: every layer against real servers; the last line on stdout counts. */
export function registerTest(program: Command): void {
  program
    .command('test')
    .description('run the unit, integration and whole-pipeline tests against real servers')
    .argument('[filters...]', 'only test files whose path contains one of these')
    .option('--unit', 'only the tests that need nothing')
    .option('--int', 'only the integration tests')
    .option('--e2e', 'only the whole-pipeline tests')
    .addHelpText(
      'after',
      `
The servers come from Docker where a daemon answers, else from Debian packages
(needs root). They listen on 127.0.0.1, on ports of their own, and end with the
run. Where neither works the unit tests run, and every other test file counts as
skipped.

The last line on stdout is "N passed, N failed", with ", N skipped" when there
are any; a line for each says what it needs. The exit code is 0 when nothing
failed, 1 when something did, and ${exitCodes.unavailable} when nothing failed but a whole layer could
not run.

Examples:
  $ ./synap test
  $ ./synap test --unit libs/contracts`,
    )
    .action(async (filters: string[], options: TestOptions) => {
      process.exitCode = await runTests(filters, options)
    })
}

async function runTests(filters: readonly string[], options: TestOptions): Promise<number> {
  const chosen = layers.filter((layer) => options[layer])
  const wanted = chosen.length > 0 ? chosen : layers
  const needy = wanted.filter((layer) => layer !== 'unit')
  const obstacle = needy.length === 0 ? undefined : await serversObstacle(note)
  const able = obstacle === undefined ? wanted : wanted.filter((layer) => layer === 'unit')
  if (obstacle !== undefined) note(missingServers(obstacle, needy))
  const counts = able.length > 0 ? await runVitest(able, filters) : { passed: 0, failed: 0, skips: [] }
  if (obstacle !== undefined)
    counts.skips.push(...filesOf(needy, filters).map((file) => `${file} [needs real servers: ${obstacle}]`))
  for (const skip of counts.skips) console.log(`skipped: ${skip}`)
  console.log(countsLine(counts))
  if (counts.failed > 0) return exitCodes.failed
  return obstacle === undefined ? exitCodes.ok : exitCodes.unavailable
}

const missingServers = (obstacle: string, needy: readonly Layer[]): string =>
  `The tests of ${needy.join(' and ')} need real servers, which cannot be started here.\n  ${obstacle}.\n` +
  'Start a Docker daemon that has the images or can pull them, or run this as root on Debian.'

async function runVitest(wanted: readonly Layer[], filters: readonly string[]) {
  const folder = join(repositoryRoot, '.synap', 'test')
  const resultFile = join(folder, `results-${process.pid}.json`)
  mkdirSync(folder, { recursive: true })
  const code = await run([
    'run',
    ...wanted.flatMap((layer) => ['--project', layer]),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${resultFile}`,
    ...filters,
  ])
  const counts = readResults(readIfThere(resultFile), code)
  rmSync(resultFile, { force: true })
  return counts
}

function run(args: readonly string[]): Promise<number> {
  const program = join(repositoryRoot, 'node_modules', 'vitest', 'vitest.mjs')
  const child = spawn(process.execPath, [program, ...args], { cwd: repositoryRoot, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? exitCodes.failed))
  })
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
