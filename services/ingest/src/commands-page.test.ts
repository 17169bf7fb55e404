import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readRoutes } from '../test/route-table.ts'

const page = readFileSync(new URL('../../../docs/reference/commands.md', import.meta.url), 'utf8')

/** They prepare a command and run none. */
const withoutCommand = ['POST /v1/uploads']

describe('the page of commands, over HTTP', () => {
  it('given any call that writes, it says which command that runs, and it names no other call', async () => {
    const named = [...page.matchAll(/^\| `([A-Z]+ \/\S+)` /gm)].map(([, call]) => call)
    const routes = (await readRoutes())
      .filter(({ method, scopes }) => method !== 'GET' && scopes?.includes('write') === true)
      .map(({ method, path }) => `${method} ${path.replaceAll(/\/:([a-z]+)/g, '/{$1}')}`)
    expect(new Set(named)).toEqual(new Set(routes.filter((call) => !withoutCommand.includes(call))))
  })
})
