import { spawnSync } from 'node:child_process'
import { eventually } from '@synap/testing'
import { describe, expect, it } from 'vitest'
import { type OnTerminal, runOnTerminal } from '../test/run-on-terminal.ts'
import { createTemporaryFolder } from '../test/temporary-folder.ts'

const hasTerminal = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0
const deadlineMs = 120_000

/** The command lines that a person is shown, without what begins them. */
const shownIn = (screen: string) =>
  [...screen.matchAll(/\.\/synap (.+)$/gm)].map(([, line = '']) => line.trim())

describe('somebody who knows nothing', () => {
  it.skipIf(!hasTerminal)(
    'given a first start [needs script(1)], three commands, each shown by the one before, find what was captured',
    async () => {
      await using folder = await createTemporaryFolder()
      const started = runOnTerminal(['start', '--data', folder.path, '--port', '0', '--no-profile'])
      try {
        await eventually('it is up', () => started.screen().includes('Synap is up.'), { deadlineMs })
        const screen = started.screen()
        expectNarrow(started)
        const [, url = ''] = /address\s+(\S+)/.exec(screen) ?? []
        const [apiKey = ''] = /syn_[\w-]{43}/.exec(screen) ?? []
        const env = { SYNAP_INGEST_URL: url, SYNAP_QUERY_URL: url, SYNAP_API_KEY: apiKey }
        for (const told of [folder.path, 'standalone.log', 'offline', 'Ctrl-C', 'power cut'])
          expect(screen).toContain(told)

        const [capture = ''] = shownIn(screen)
        expect(capture).toMatch(/^capture "/)
        const captured = runOnTerminal(wordsOf(capture), env)
        expect(await captured.ended).toBe(0)
        expectNarrow(captured)

        const search = shownIn(captured.screen()).at(-1) ?? ''
        expect(search).toMatch(/^search \w+$/)
        const word = search.replace('search ', '')
        await eventually(
          'the search that was shown finds it',
          async () => {
            const found = runOnTerminal(wordsOf(search), env)
            await found.ended
            expectNarrow(found)
            return found.screen().includes(word) && !found.screen().includes('Nothing found')
          },
          { deadlineMs },
        )

        // The curl that stands on the screen works as it stands there.
        const curl = screen.slice(screen.indexOf('curl -sS')).split(/\n\s*\n/, 1)[0] ?? ''
        const answer = spawnSync('sh', ['-c', curl], { encoding: 'utf8' })
        expect(JSON.parse(answer.stdout)).toMatchObject({ id: expect.any(String) })
      } finally {
        started.interrupt()
        await started.ended
      }
    },
    5 * 60_000,
  )
})

/** As a shell divides them, for words with double quotation marks. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

function expectNarrow(shown: OnTerminal): void {
  const wide = shown
    .screen()
    .split('\n')
    .filter((line) => line.length > 80)
  expect(wide).toEqual([])
}
