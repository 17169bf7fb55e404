import { createClient, type SynapClient } from '@synap/client'
import type { RebuildLine, RebuildRequest } from '@synap/contracts'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type InProcess, startInProcess } from '../test/start-in-process.ts'

const patience = 120_000
const run: RebuildRequest = {
  action: 'run',
  derived: 'copy',
  acceptDifferences: false,
  expected: [],
  switch: true,
  limit: 20,
}

describe('a rebuild of the read model of standalone', () => {
  let standalone: InProcess
  let client: SynapClient
  let operator: SynapClient

  beforeAll(async () => {
    standalone = await startInProcess()
    const { url, drivers } = standalone
    client = standalone.client
    operator = createClient({ ingestUrl: url, queryUrl: url, apiKey: drivers.keys.operatorKey })
  }, patience)
  afterAll(() => standalone[Symbol.asyncDispose](), patience)

  const ask = async (request: RebuildRequest) => {
    const lines: RebuildLine[] = []
    for await (const line of operator.rebuild(request)) lines.push(line)
    return lines
  }
  const last = async (request: RebuildRequest) => (await ask(request)).at(-1)

  it('given captures, reads and writes go on meanwhile, and the new one is read after it', {
    timeout: patience,
  }, async () => {
    const before = await client.capture({ type: 'note', content: 'The wallaby sleeps in the garden' })
    await eventually(
      'it is found by what was derived from it',
      async () => {
        const { value } = await client.search({ q: 'wallaby', mode: 'semantic' })
        return value.items.length > 0
      },
      { deadlineMs: 60_000 },
    )
    let writing = true
    let highest = 0
    const writer = (async () => {
      while (writing) {
        const { id, sequence } = await client.capture({ type: 'note', title: `during ${highest}` })
        const read = await client.getEntity(id, { minSequence: sequence, waitMs: 10_000 })
        expect(read.sequence).toBeGreaterThanOrEqual(Math.max(highest, sequence))
        highest = sequence
      }
    })()
    const line = await last(run).finally(() => (writing = false))
    await writer
    expect(line).toMatchObject({ rebuild: { outcome: 'switched', from: 1, to: 2, reason: null } })
    expect(highest).toBeGreaterThan(1)
    const after = await client.capture({ type: 'note', title: 'after it' })
    const read = await client.getEntity(after.id, { minSequence: after.sequence, waitMs: 10_000 })
    expect(read.value.title).toBe('after it')
    const { value } = await client.search({ q: 'wallaby', mode: 'semantic' })
    expect(value.items.map(({ entity }) => entity.id)).toContain(before.id)
    expect(await client.ledger()).toMatchObject({
      readModel: { items: (await client.ledger()).acknowledged.items },
    })

    expect(await last({ action: 'status' })).toMatchObject({
      readModels: [
        { n: 1, active: false, state: 'followed' },
        { n: 2, active: true, keptUntil: null },
      ],
    })
    expect(await last({ action: 'back' })).toMatchObject({ rebuild: { outcome: 'switched', from: 2, to: 1 } })
    expect((await client.getEntity(after.id)).value.title).toBe('after it')
    expect(await last({ action: 'discard' })).toEqual({ discarded: 2 })
  })

  it('given a key without the scope operate, it is refused; given nothing to go back to, it says so', async () => {
    const { key } = await operator.createKey({ name: 'reader', scopes: ['read'] })
    const { url } = standalone
    const reader = createClient({ ingestUrl: url, queryUrl: url, apiKey: key })
    await expect(reader.rebuild(run).next()).rejects.toMatchObject({ status: 403 })
    expect(await last({ action: 'back' })).toMatchObject({ error: { code: 'rebuild.no_way_back' } })
  })
})
