import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { fingerprintOf, schemaFileOf } from '../avsc.ts'
import { generatedFiles } from './generated-files.ts'

const root = new URL('../../../../', import.meta.url)

describe('generated files', () => {
  it.each(generatedFiles())('given the catalogue, $path is what is generated from it', ({ path, text }) => {
    expect(readFileSync(new URL(path, root), 'utf8')).toBe(text)
  })

  it('given the folder of schemas, there is no file in it that nothing generates', () => {
    const names = readdirSync(fileURLToPath(new URL('libs/contracts/avsc', root)))
    const wanted = generatedFiles().filter(({ path }) => path.endsWith('.avsc'))
    expect(names.map((name) => `libs/contracts/avsc/${name}`).sort()).toEqual(
      wanted.map(({ path }) => path).sort(),
    )
  })

  it('given a file on disk, its SHA-256 is the fingerprint that messages carry', () => {
    const bytes = readFileSync(new URL('libs/contracts/avsc/EntityCreated.avsc', root), 'utf8')
    expect(fingerprintOf(bytes).equals(schemaFileOf('entity.created').fingerprint)).toBe(true)
  })
})
