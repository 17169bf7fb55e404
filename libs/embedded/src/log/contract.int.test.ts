import { silentLogger } from '@synap/messaging'
import { messagingContract } from '@synap/messaging/contract'
import { createPool } from '@synap/postgres'
import { createTestDatabase } from '@synap/testing'
import { createLocalLog } from './local-log.ts'

// One connection: who holds it while waiting, or while a handler runs, stops everything.
messagingContract('local log on Postgres', async () => {
  const database = await createTestDatabase()
  const pool = createPool({ url: database.url, applicationName: 'contract', max: 1 })
  const log = await createLocalLog({ pool, logger: silentLogger, pausePolicy: { baseMs: 20, capMs: 100 } })
  return {
    log,
    messageBytes: 1024 * 1024,
    close: async () => {
      await log.close()
      await pool.end()
      await database.close()
    },
  }
})
