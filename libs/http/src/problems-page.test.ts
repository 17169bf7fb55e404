import { readFile } from 'node:fs/promises'
import { problems } from '@synap/contracts'
import { describe, expect, it } from 'vitest'

const page = new URL('../../../docs/reference/http.md', import.meta.url)

describe('the page of the HTTP surface', () => {
  it('given every kind of problem, it has a row with its status and what it means; and none that does not exist', async () => {
    const text = await readFile(page, 'utf8')
    const [, table = ''] = text.split('| `type`, after `urn:synap:problem:` |')
    const rows = [...table.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \| (\S.*) \|$/gm)]
    const shown = rows.map(([, name, status]) => `${name} ${status}`)
    const existing = Object.values(problems).map(
      ({ type, status }) => `${type.replace('urn:synap:problem:', '')} ${status}`,
    )
    expect(shown.sort()).toEqual(existing.sort())
  })
})
