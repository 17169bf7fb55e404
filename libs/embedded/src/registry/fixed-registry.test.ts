import { schemaFiles } from '@synap/contracts'
import { sha256Hex } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { createFixedRegistry } from './fixed-registry.ts'
import { numberingDifferences, numberSchemas } from './number-schemas.ts'
import { readSchemaFolder } from './schema-files.ts'
import { schemaFingerprints } from './schema-ids.ts'

describe('the registry of standalone', () => {
  it('given every schema of the contracts, it has an id, and the id gives back the text', async () => {
    const registry = createFixedRegistry()
    const registered = await registry.register(schemaFiles())
    expect(new Set(registered.map(({ id }) => id)).size).toBe(schemaFiles().length)
    for (const [index, { text, subject }] of schemaFiles().entries()) {
      const id = await registry.idOf({ subject: `prefixed.${subject}`, text })
      expect(registered[index]).toEqual({ subject, id, fingerprint: sha256Hex(text) })
      expect(await registry.schemaById(id)).toBe(text)
    }
  })

  it('given an id or a text that nobody has registered, it says so as the server does', async () => {
    const registry = createFixedRegistry()
    expect(await registry.schemaById(9_999)).toBeUndefined()
    const error = { code: 'schema.unregistered', class: 'configuration' }
    await expect(registry.idOf({ subject: 'x', text: '"string"' })).rejects.toMatchObject(error)
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
    const before = ['0'.repeat(64), ...schemaFingerprints.slice(1)]
    const { missing, fingerprints } = numberSchemas(before)
    expect(fingerprints.slice(0, before.length)).toEqual(before)
    expect(missing.map(({ id, name }) => `${id} ${name}`)).toEqual([`${before.length + 1} EntityCreated`])
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
