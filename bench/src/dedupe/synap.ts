// Synap's inbox and store: what was delivered before is known by the user's sequence before anything is written.
import { createEventsInbox } from '@synap/events-writer/inbox'
import { silentLogger as logger } from '@synap/messaging'
import { createPool } from '@synap/postgres'
import { schemaById } from '../stream/events-topic.ts'
import { createDeduper, topic } from './job.ts'

const away = () => Promise.reject(new Error('this benchmark has no ingest'))

export const createContender = createDeduper(async ({ databaseUrl }) => {
  const pool = createPool({ url: databaseUrl, applicationName: 'bench' })
  const inbox = createEventsInbox({
    pool,
    logger,
    consumerDriver: { readAt: async () => undefined },
    registry: { schemaById },
    ingest: { internalEvents: away, heads: away },
    config: { haltPercent: 5 },
  })
  await inbox.resumeAt(topic, 0, { low: 0n, high: 0n })
  const context = { signal: new AbortController().signal, heartbeat: async () => undefined }
  return {
    take: (messages) =>
      inbox.handle(
        { topic, partition: 0, messages, highWatermark: (messages.at(-1)?.offset ?? 0n) + 1n },
        context,
      ),
    close: () => pool.end(),
  }
})
