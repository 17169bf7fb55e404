import { type EntityId, type UserId, uuidv7 } from '@synap/core'
import { transaction } from '@synap/postgres'
import { countAnswers } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seedEntity, setSeen } from '../test/seed.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

describe('how often a read waits for its database', () => {
  let query: TestQuery
  let count: ReturnType<typeof countAnswers>
  beforeAll(async () => {
    query = await startQuery()
    count = countAnswers(query.pool)
  })
  afterAll(() => query.close())

  // The end of the transaction is one of them, where it does not go along with the questions.
  it.each([
    ['an item', 1, (id: string) => `/v1/entities/${id}`],
    ['an item as it is after a write', 3, (id: string) => `/v1/entities/${id}?min_sequence=3`],
    ['a list', 3, () => '/v1/entities?limit=2'],
  ])(
    'given %s is asked for, it waits for what it needs to know and for the answer',
    async (_, most, pathOf) => {
      const userId = uuidv7() as UserId
      const id = uuidv7() as EntityId
      await seedEntity(query.pool, { userId, id, sequence: 3, text: 'x', vectors: [] })
      await transaction(query.pool, { role: 'synap_projector' }, (client) => setSeen(client, userId, 3))
      const read = async () => expect(await query.get(pathOf(id), userId)).toMatchObject({ status: 200 })
      for (let turn = 0; turn < 3; turn += 1) await read()
      const { messages, statements } = await count(read)
      expect(statements).toBeGreaterThan(messages)
      expect(messages).toBeLessThanOrEqual(most)
    },
  )
})
