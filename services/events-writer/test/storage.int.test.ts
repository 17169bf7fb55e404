import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

describe('the schema of the log', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase(['events-writer'])
  })
  afterAll(() => database.close())

  it('given TimescaleDB, log.events is a hypertable that its owner made', async () => {
    expect(
      await database.superuserSql(
        `select owner, num_dimensions from timescaledb_information.hypertables where hypertable_schema = 'log'`,
      ),
    ).toEqual(['synap_events_writer|1'])
  })
})
