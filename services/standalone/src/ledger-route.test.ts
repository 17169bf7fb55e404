import type { SynapClient } from '@synap/client'
import { ledgerGaps, watchLedger } from '@synap/ledger'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type InProcess, startInProcess } from '../test/start-in-process.ts'
import type { Drivers } from './open-drivers.ts'

const patience = 60_000

describe('the ledger of standalone', () => {
  let standalone: InProcess
  let drivers: Drivers
  let client: SynapClient
  let url: string

  beforeAll(async () => {
    standalone = await startInProcess()
    ;({ drivers, client, url } = standalone)
  }, patience)
  afterAll(() => standalone[Symbol.asyncDispose](), patience)

  const readLevel = () => {
    const reader = {
      read: () => client.ledger(),
      async readTopic() {
        const { topic } = await client.ledger({ topic: true })
        if (topic === null) throw new Error('the topic was not read')
        return topic
      },
    }
    const signal = AbortSignal.timeout(patience)
    return watchLedger(reader, { stillMs: patience, everyMs: 50, signal, onProgress: () => undefined })
  }

  it('given captures, all stores become level, the topic too; given an object that is gone, it is named', {
    timeout: patience,
  }, async () => {
    for (const content of ['Buy milk', 'Ring Bob']) await client.capture({ type: 'note', content })
    const ledger = await readLevel()
    expect(ledgerGaps(ledger)).toEqual([])
    expect(ledger).toMatchObject({
      acknowledged: { items: 2, withContent: 2 },
      objects: { referenced: 2, present: 2, unreferenced: 0 },
      topic: { events: ledger.acknowledged.events, repeated: 0 },
    })
    expect((await client.ledger()).topic).toBeNull()

    for await (const { key } of drivers.store.list(`users/${ledger.userId}/`)) {
      if (!key.includes('/derived/')) {
        await drivers.store.delete(key)
        break
      }
    }
    expect(ledgerGaps(await client.ledger())).toEqual(['content objects in the bucket: 1, not 2'])
  })

  it('given several who ask for the topic at once, each gets its answer', { timeout: patience }, async () => {
    const asked = await Promise.all([1, 2, 3].map(() => client.ledger({ topic: true })))
    for (const { topic, acknowledged } of asked) expect(topic?.events).toBe(acknowledged.events)
  })

  it('given no key, it is refused, and the API document does not tell of it', async () => {
    expect((await fetch(`${url}/internal/ledger`)).status).toBe(401)
    expect(await (await fetch(`${url}/openapi.json`)).text()).not.toContain('internal/ledger')
  })
})
