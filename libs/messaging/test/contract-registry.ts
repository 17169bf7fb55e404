import { schemaFiles } from '@synap/contracts'
import { sha256Hex } from '@synap/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SchemaRegistry } from '../src/index.ts'

/** What a driver of the schema registry brings to the contract. */
export interface RegistryHarness {
  /** A client that remembers nothing of another; all of them know the same schemas. */
  createRegistry(): SchemaRegistry
  /** In front of every subject, where tests share a server. */
  prefix?: string
  close(): Promise<void>
}

/** The promises about schema ids that relay and consumers build on. Each driver runs this suite. */
export function registryContract(name: string, open: () => Promise<RegistryHarness>): void {
  describe(`schema registry contract: ${name}`, () => {
    let harness: RegistryHarness
    let registry: SchemaRegistry
    let files: { subject: string; text: string }[]
    beforeAll(async () => {
      harness = await open()
      registry = harness.createRegistry()
      files = schemaFiles().map(({ subject, text }) => ({
        subject: `${harness.prefix ?? ''}${subject}`,
        text,
      }))
    }, 120_000)
    afterAll(() => harness?.close())

    it('given every schema of the contracts, each has an id of its own, and any client gets its text back byte for byte', async () => {
      const registered = await registry.register(files)
      expect(registered.map(({ subject }) => subject)).toEqual(files.map(({ subject }) => subject))
      expect(new Set(registered.map(({ id }) => id)).size).toBe(files.length)
      const fresh = harness.createRegistry()
      for (const [index, { id, fingerprint }] of registered.entries()) {
        const text = await fresh.schemaById(id)
        expect(text).toBe(files[index]?.text)
        expect(fingerprint).toBe(sha256Hex(text ?? ''))
        expect(Number.isSafeInteger(id) && id > 0).toBe(true)
      }
    })

    it('given they are registered again, by whomever, they keep their ids', async () => {
      const first = await registry.register(files)
      expect(await harness.createRegistry().register(files.toReversed())).toEqual(first.toReversed())
      const [file] = files
      if (file === undefined) throw new Error('no schemas')
      expect(await harness.createRegistry().idOf(file)).toBe(first[0]?.id)
    })

    it('given an id that nobody got, it answers undefined, and again', async () => {
      expect(await registry.schemaById(2_000_000_000)).toBeUndefined()
      expect(await registry.schemaById(2_000_000_000)).toBeUndefined()
    })

    it('given a text that is not registered, its id is refused: registering is a command of its own', async () => {
      const [file] = files
      const other = JSON.stringify({ type: 'record', name: 'synap.test.Unknown', fields: [] })
      await expect(registry.idOf({ subject: file?.subject ?? '', text: other })).rejects.toMatchObject({
        code: 'schema.unregistered',
        class: 'configuration',
      })
    })

    it('given a signal that aborted, a look-up rejects with its reason', async () => {
      const signal = AbortSignal.abort(new Error('stopping'))
      await expect(harness.createRegistry().schemaById(1_999_999_999, signal)).rejects.toThrow('stopping')
    })

    it('given it works, ping resolves', async () => {
      await expect(registry.ping()).resolves.toBeUndefined()
    })
  })
}
