import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareAnswer, type Variables } from './docs-examples/compare-answer.ts'
import { type Example, findPages, readExamples } from './docs-examples/read-examples.ts'
import { type Call, runExample, writeCurlConfig } from './docs-examples/run-example.ts'
import type { Pipeline } from './pipeline.ts'
import { startStandalonePipeline } from './standalone-pipeline.ts'

const examples = (await Promise.all((await findPages()).map(readExamples))).flat()
const pages = Map.groupBy(examples, ({ page }) => page)
const called: Call[] = []
let synap: Pipeline
let url: string

beforeAll(async () => {
  synap = await startStandalonePipeline()
  url = synap.service('ingest').url
})
afterAll(() => synap?.[Symbol.asyncDispose]())

/** What is wrong with an example once it has run. */
async function problemsOf(example: Example, folder: string, variables: Variables): Promise<string[]> {
  const { output, complaints, calls } = await runExample(example, { folder, url, variables })
  called.push(...calls)
  const shown = example.answer === undefined ? [] : compareAnswer(example.answer, output, variables)
  const problem = shownProblem(example)
  const failed = calls
    .filter(({ status }) => (problem === undefined ? status === 0 || status >= 400 : status !== problem))
    .map((call) => `${call.method} ${call.path} answers ${call.status}`)
  const said = failed.length + shown.length > 0 ? [`stdout: ${output}`, `stderr: ${complaints}`] : []
  return [...failed, ...shown, ...said]
}

/** The status of the problem that an example is meant to run into. */
function shownProblem({ answer }: Example): number | undefined {
  if (!/"type": "urn:synap:problem:/.test(answer?.text ?? '')) return undefined
  return Number(/"status": (\d+)/.exec(answer?.text ?? '')?.[1])
}

describe('the examples of the documentation', () => {
  for (const [page, ofPage] of pages) {
    it(`given ${page} read from top to bottom, each command answers as the page says`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'synap-docs-'))
      try {
        await writeCurlConfig(folder)
        // as the key that ./synap start makes
        const { apiKey } = await synap.createAccount(page, ['read', 'write', 'admin', 'operate'])
        const variables: Variables = { SYNAP_URL: url, SYNAP_API_KEY: apiKey }
        for (const example of ofPage) {
          const problems = await problemsOf(example, folder, variables)
          expect(problems, `${page}:${example.line}\n${example.script}`).toEqual([])
        }
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    })
  }

  it('given every call that the services describe, the documentation has an example of it', async () => {
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, unknown>>
    }
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
    )
    expect(operations.length).toBeGreaterThan(10)
    const without = operations.filter((operation) => !called.some((call) => isOf(operation, call)))
    expect(without.map(({ method, path }) => `${method} ${path}`)).toEqual([])
  })
})

function isOf(operation: { method: string; path: string }, call: Call): boolean {
  const pattern = operation.path.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{[^}]+\}/g, '[^/:]+')
  return operation.method === call.method && new RegExp(`^${pattern}$`).test(call.path) && call.status < 400
}
