// Synap's append, as every write of ingest ends in it: numbers, version check, state and outbox in one round trip.
import { appendKnowing } from '@synap/ingest/append'
import { createPool } from '@synap/postgres'
import { createAppender } from './job.ts'
import { callOf } from './template.ts'

export const createContender = createAppender(async ({ databaseUrl, inFlight }) => {
  const pool = createPool({ url: databaseUrl, applicationName: 'bench', max: inFlight })
  return {
    append: async (item) => {
      const { outcome } = await appendKnowing(pool, callOf(item))
      if (outcome !== 'appended') throw new Error(`an append came to ${outcome}`)
    },
    close: () => pool.end(),
  }
})
