import { createTestDatabase } from '@synap/testing'
import { databaseContract } from '../test/contract.ts'
import { createPool, listen } from './index.ts'

databaseContract('Postgres', async () => {
  const database = await createTestDatabase()
  await database.superuserSql(
    'create extension if not exists vector; create extension if not exists btree_gin',
  )
  const pool = createPool({ url: database.url, applicationName: 'contract' })
  return {
    pool,
    listen: async (channels, onNotify) =>
      listen({ url: database.url, applicationName: 'contract', channels, onNotify, pollMs: 60_000 }),
    close: async () => {
      await pool.end()
      await database.close()
    },
  }
})
