import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { launchOptionsOf } from './launch-options.ts'
import { serviceNames } from './services.ts'

const dockerfile = new URL('../../../../deploy/Dockerfile', import.meta.url)

describe('how services are launched', () => {
  it('given ingest, the image starts it as everything else does; the others have no options of their own', async () => {
    const text = await readFile(dockerfile, 'utf8')
    const { arguments: nodeArguments, environment } = launchOptionsOf('ingest')
    const assignments = Object.entries(environment)
      .filter(([name]) => name !== 'NODE_COMPILE_CACHE')
      .map(([name, value]) => `${name}=${value}`)
    expect(nodeArguments.length + assignments.length).toBeGreaterThan(0)
    for (const word of [...nodeArguments, ...assignments]) expect(text).toContain(word)
    for (const name of serviceNames.filter((service) => service !== 'ingest'))
      expect(launchOptionsOf(name)).toEqual({ arguments: [], environment: {} })
  })
})
