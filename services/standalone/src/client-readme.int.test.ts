import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { startInProcess } from '../test/start-in-process.ts'

const client = new URL('../../../libs/client/', import.meta.url)

it('given the examples of the client, they run, and print what they say', { timeout: 120_000 }, async () => {
  const readme = await readFile(new URL('README.md', client), 'utf8')
  const blocks = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => code)
  const program = blocks.join('\n').replace("'@synap/client'", `'${new URL('src/index.ts', client).href}'`)
  const promised = [...program.matchAll(/console\.log\(.*\) \/\/ (.+)$/gm)].map(([, said]) => said)
  expect(promised.length).toBeGreaterThan(5)

  await using standalone = await startInProcess()
  const folder = await mkdtemp(join(tmpdir(), 'synap-readme-'))
  try {
    await writeFile(join(folder, 'example.ts'), program)
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'example.ts')], {
      env: { SYNAP_URL: standalone.url, SYNAP_API_KEY: standalone.drivers.keys.apiKey },
      timeout: 60_000,
    })
    expect(stdout.trim().split('\n')).toEqual(promised)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
