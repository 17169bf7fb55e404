import { ApiError } from '@synap/client'
import type { UserId } from '@synap/core'
import type { Ledger } from '@synap/ledger'
import { expect, it } from 'vitest'
import { openLedger } from './open-ledger.ts'

const ledger: Ledger = {
  userId: 'u' as UserId,
  acknowledged: { items: 1, withContent: 0, events: 3 },
  objects: { referenced: 0, present: 0, unreferenced: 0 },
  outbox: { events: 3, unpublished: 0 },
  topic: null,
  log: { events: 3, parked: 0 },
  readModel: { items: 1, seen: 3, parked: 0, texts: 0, vectors: 1 },
  jobs: { done: 1, failed: 0, open: 0, withoutVectors: 0 },
}
const elsewhere = { env: {}, apiKey: 'syn_x' }
const refusal = (status: number) => new ApiError('no', { code: 'api.refused', status })

it('given no addresses of servers, Synap itself is asked, and for its topic only when that is wanted', async () => {
  const topic = { events: 3, repeated: 1 }
  const client = {
    ledger: async (asked: { topic?: boolean } = {}) => ({ ...ledger, topic: asked.topic ? topic : null }),
  }
  await using reader = await openLedger(elsewhere, client)
  expect(await reader?.read()).toEqual(ledger)
  expect(await reader?.readTopic()).toEqual(topic)
})

it('given a standalone, servers that the environment names are not its own', async () => {
  const names = ['DATABASE_URL', 'KAFKA_BROKERS', 'S3_ENDPOINT', 'S3_BUCKET', 'S3_ACCESS_KEY_ID']
  const env = Object.fromEntries(names.map((name) => [name, 'x']))
  const standalone = { dataDir: '/data', logFile: '/data/standalone.log' }
  await using reader = await openLedger({ ...elsewhere, env, standalone }, { ledger: async () => ledger })
  expect(await reader?.read()).toEqual(ledger)
})

it('given a Synap that does not tell it, there is no ledger', async () => {
  expect(await openLedger(elsewhere, { ledger: () => Promise.reject(refusal(404)) })).toBeUndefined()
})

it('given a Synap that refuses, it is told: no ledger is another thing', async () => {
  const refusing = openLedger(elsewhere, { ledger: () => Promise.reject(refusal(401)) })
  await expect(refusing).rejects.toMatchObject({ status: 401 })
})
