import { silentLogger } from '@synap/messaging'
import { messagingContract } from '@synap/messaging/contract'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { createEmbeddedDatabase } from '../database/create-database.ts'
import { createLocalLog } from './local-log.ts'

const folder = await temporaryFolder()
// Here and not in a hook, which has less time than the first opening of a database may take.
const database = await createEmbeddedDatabase({
  dataDir: folder.path,
  logger: silentLogger,
  onExit: (error) => {
    throw error
  },
})

messagingContract('local log on the embedded database', async () => {
  const { pool } = database
  const log = await createLocalLog({ pool, logger: silentLogger, pausePolicy: { baseMs: 20, capMs: 100 } })
  return {
    log,
    messageBytes: 1024 * 1024,
    close: async () => {
      await log.close()
      await database.close()
      await folder.remove()
    },
  }
})
