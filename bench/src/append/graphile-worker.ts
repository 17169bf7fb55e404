// graphile-worker's add_job in the place of an outbox: one round trip, and no row of state beside it.
import { makeWorkerUtils } from 'graphile-worker'
import { createAppender, openPool } from './job.ts'
import { template } from './template.ts'

const { eventType, aggregateType, source, correlationId, actorKind, traceparent } = template
const event = {
  eventType,
  aggregateType,
  source,
  correlationId,
  actorKind,
  traceparent,
  delta: template.delta.toString('base64'),
  fingerprint: template.fingerprint.toString('base64'),
}

export const createContender = createAppender(async (job) => {
  const pool = openPool(job)
  // It asks for listeners of its user's own.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  const utils = await makeWorkerUtils({ pgPool: pool })
  return {
    append: async (item) => void (await utils.addJob('publish', { ...event, ...item })),
    close: async () => {
      await utils.release()
      await pool.end()
    },
  }
})
