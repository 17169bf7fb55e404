import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import { repositoryRoot } from '../repository.ts'

const layers = ['unit', 'int', 'e2e'] as const

interface TestOptions {
  unit?: boolean
  int?: boolean
  e2e?: boolean
}

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
The servers come from Docker where a daemon answers, else from Debian packages (needs root). They listen on
127.0.0.1, on ports of their own, and end with the run. Exit code 0 when nothing failed, 1 otherwise.

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
  const resultFile = join(repositoryRoot, '.synap', 'test', 'results.json')
  mkdirSync(join(repositoryRoot, '.synap', 'test'), { recursive: true })
  rmSync(resultFile, { force: true })
  const code = await runVitest([
    'run',
    ...(chosen.length > 0 ? chosen : layers).flatMap((layer) => ['--project', layer]),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${resultFile}`,
    ...filters,
  ])
  const { passed, failed, skips } = readResults(resultFile)
  for (const skip of skips) console.log(`skipped: ${skip}`)
  const failures = code !== 0 && failed === 0 ? 1 : failed
  console.log(`${passed} passed, ${failures} failed${skips.length > 0 ? `, ${skips.length} skipped` : ''}`)
  return failures > 0 ? 1 : 0
}

function runVitest(args: readonly string[]): Promise<number> {
  const program = join(repositoryRoot, 'node_modules', 'vitest', 'vitest.mjs')
  const child = spawn(process.execPath, [program, ...args], { cwd: repositoryRoot, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

const resultsSchema = z.object({
  numPassedTests: z.int(),
  testResults: z.array(
    z.object({
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
})

/** What vitest's JSON report says. A file that failed before its first test counts as one failure. */
function readResults(path: string): { passed: number; failed: number; skips: string[] } {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return { passed: 0, failed: 1, skips: [] }
  }
  const { testResults } = resultsSchema.parse(JSON.parse(text))
  const tests = testResults.flatMap((file) => file.assertionResults)
  const brokenFiles = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  )
  return {
    passed: tests.filter((test) => test.status === 'passed').length,
    failed: tests.filter((test) => test.status === 'failed').length + brokenFiles.length,
    skips: tests
      .filter((test) => test.status !== 'passed' && test.status !== 'failed')
      .map((test) => test.fullName),
  }
}
