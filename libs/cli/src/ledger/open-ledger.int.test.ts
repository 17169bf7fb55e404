import { createTestDatabase, runProgram, type TestDatabase, useStack } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openLedger } from './open-ledger.ts'

const unasked = { ledger: () => Promise.reject(new Error('Synap was asked')) }

describe('the ledger of servers whose addresses are known', () => {
  let database: TestDatabase
  let env: Record<string, string>

  const program = (path: string, ...args: string[]) => runProgram(path, env, args)

  beforeAll(async () => {
    const stack = await useStack()
    database = await createTestDatabase(['ingest', 'events-writer', 'projector', 'enricher'])
    env = { ...stack.env, DATABASE_URL: database.url }
    await program('libs/kafka/src/create-topics.ts')
  })
  afterAll(() => database.close())

  it('given the key of an account without anything, every store is read there, the topic too', async () => {
    const made = await program('services/ingest/src/create-key.ts', '--name', 'ledger', '--scopes', 'read')
    const { key, userId } = JSON.parse(made) as { key: string; userId: string }
    await using reader = await openLedger({ env, apiKey: key }, unasked)
    expect(await reader?.read()).toMatchObject({ userId, acknowledged: { items: 0, events: 0 } })
    expect(await reader?.readTopic()).toEqual({ events: 0, repeated: 0 })
  })

  it('given a key that the database does not know, it says so', async () => {
    const opening = openLedger({ env, apiKey: 'syn_other' }, unasked)
    await expect(opening).rejects.toThrow('does not know this API key')
  })
})
