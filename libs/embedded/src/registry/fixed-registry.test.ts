import { schemaFileOf, schemaFiles } from '@synap/contracts'
import { sha256Hex } from '@synap/core'
import { registryContract } from '@synap/messaging/contract'
import { describe, expect, it } from 'vitest'
import { createFixedRegistry } from './fixed-registry.ts'
import { numberingDifferences, numberSchemas } from './number-schemas.ts'
import { readSchemaFolder } from './schema-files.ts'
import { schemaFingerprints } from './schema-ids.ts'

registryContract('ids that came with the code', async () => ({
  createRegistry: createFixedRegistry,
  close: async () => undefined,
}))

describe('the registry of standalone', () => {
  it('given a text under any subject, its id is the same; one that has none cannot be given one', async () => {
    const registry = createFixedRegistry()
    for (const { text, subject } of schemaFiles()) {
      expect(await registry.idOf({ subject: `prefixed.${subject}`, text })).toBe(
        await registry.idOf({ subject, text }),
      )
    }
    const error = { code: 'schema.unregistered', class: 'configuration' }
    await expect(registry.register([{ subject: 'x', text: '"string"' }])).rejects.toMatchObject(error)
  })
})

describe('the numbers of schemas', () => {
  it('given the ids of release 0.3, they are the same for ever', () => {
    const first = schemaFingerprints.slice(0, numberedAtRelease)
    expect(sha256Hex(first.join())).toBe(hashAtRelease)
  })

  it('given the contracts of today, every schema is numbered and every number has its file', () => {
    expect(numberingDifferences()).toEqual([])
  })

  it('given a schema that has changed, it gets the next number and the old one keeps its own', () => {
    const today = schemaFileOf('entity.deleted').fingerprint.toString('hex')
    const before = schemaFingerprints.map((known) => (known === today ? '0'.repeat(64) : known))
    const { missing, fingerprints } = numberSchemas(before)
    expect(fingerprints.slice(0, before.length)).toEqual(before)
    expect(missing.map(({ id, name }) => `${id} ${name}`)).toEqual([`${before.length + 1} EntityDeleted`])
    expect(numberingDifferences(before)).toHaveLength(2)
  })

  it('given a file that was edited, swapped, lost or doubled, it is named', () => {
    const [first, second, ...rest] = readSchemaFolder()
    if (first === undefined || second === undefined) throw new Error('no schemas')
    const differences = (files: Parameters<typeof numberingDifferences>[1]) =>
      numberingDifferences(schemaFingerprints, files)
    expect(differences([{ ...first, text: `${first.text} ` }, second, ...rest])).toHaveLength(1)
    expect(differences([{ ...first, id: 2 }, { ...second, id: 1 }, ...rest])).toHaveLength(2)
    expect(differences([second, ...rest])).toEqual(['id 1 does not have exactly one file'])
    expect(differences([first, first, second, ...rest])).toEqual(['id 1 does not have exactly one file'])
  })
})

const numberedAtRelease = 31
const hashAtRelease = 'e7fc85bc171d3a44e7f7976fcfe257ccd4043cb5dfe137dd6eacfeb09baaf067'
