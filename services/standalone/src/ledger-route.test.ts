import { createClient, type SynapClient } from '@synap/client'
import type { Agreement, LedgerFinding } from '@synap/contracts'
import { ledgerGaps, watchLedger } from '@synap/ledger'
import { execute, ownership, transaction } from '@synap/postgres'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type InProcess, startInProcess } from '../test/start-in-process.ts'
import type { Drivers } from './open-drivers.ts'

const patience = 60_000

describe('the ledger of standalone', () => {
  let standalone: InProcess
  let drivers: Drivers
  let client: SynapClient
  let url: string
  let operator: SynapClient

  beforeAll(async () => {
    standalone = await startInProcess()
    ;({ drivers, client, url } = standalone)
    operator = createClient({ ingestUrl: url, queryUrl: url, apiKey: drivers.keys.operatorKey })
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

  describe('event by event', () => {
    const compare = async (options: Parameters<SynapClient['compareStores']>[0] = {}) => {
      const findings: LedgerFinding[] = []
      let agreement: Agreement | undefined
      for await (const line of operator.compareStores(options)) {
        if ('finding' in line) findings.push(line.finding)
        if ('agreement' in line) agreement = line.agreement
      }
      return { findings, agreement }
    }

    it('given captures, all stores agree; given an event that is gone from the log, it is named', {
      timeout: patience,
    }, async () => {
      await eventually('all is everywhere', async () => (await compare()).agreement?.found.length === 0, {
        deadlineMs: patience,
      })
      const { agreement } = await compare()
      const { userId } = await client.ledger()
      const events = agreement?.events ?? 0
      expect(agreement).toMatchObject({
        agrees: true,
        users: 1,
        held: { outbox: events, topic: { records: events }, log: events, readModel: events },
      })
      await transaction(drivers.pool, { role: ownership['events-writer'].role }, (tx) =>
        execute(tx, { text: 'delete from log.events where sequence = 2' }),
      )
      const { findings } = await compare({ user: userId })
      expect(findings).toMatchObject([{ kind: 'lost', store: 'log', userId, sequence: 2 }])
      expect((await compare({ topic: false })).agreement).toMatchObject({
        agrees: false,
        held: { topic: null },
        found: [{ kind: 'lost', store: 'log', events: 1 }],
      })
      expect((await compare({ limit: 0 })).findings).toEqual([])
    })

    it('given several who ask at once, each gets its answer', { timeout: patience }, async () => {
      const asked = await Promise.all([compare(), compare(), client.ledger({ topic: true }), compare()])
      for (const one of asked) expect('agreement' in one ? one.agreement : one).toBeDefined()
    })

    it('given one that is broken off, the next one does not wait for it', { timeout: patience }, async () => {
      const stop = new AbortController()
      const lines = operator.compareStores({ signal: stop.signal })
      await lines.next()
      stop.abort(new Error('enough'))
      const rest = async () => {
        for await (const _ of lines) continue
      }
      await expect(rest()).rejects.toThrow('enough')
      expect((await compare()).agreement).toBeDefined()
    })

    it('given a key without the scope operate, it is refused', async () => {
      const { key } = await operator.createKey({ name: 'reader', scopes: ['read'] })
      const reader = createClient({ ingestUrl: url, queryUrl: url, apiKey: key })
      await expect(reader.compareStores().next()).rejects.toMatchObject({ status: 403 })
    })
  })
})
