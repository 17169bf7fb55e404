import { createExtractor, type ModelProvider, providersForSearch } from '@synap/ai'
import type { SynapClient } from '@synap/client'
import { topicName } from '@synap/contracts'
import { uuidv7 } from '@synap/core'
import type { Logger, MessageLog, SchemaRegistry } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import type { ServiceContext } from '@synap/runtime'
import { startActingOnMarks } from './act-on-marks.ts'
import { createReplayGate } from './await-replay.ts'
import { createBudget } from './costs/budget.ts'
import { limitsOf } from './costs/budget-config.ts'
import { inTransaction } from './database.ts'
import { findSchemaIds } from './derived-schemas.ts'
import { createEmbedders } from './embedders.ts'
import { startEnrichments } from './enrichments/start-enrichments.ts'
import { startBacklogMeter } from './measure-backlog.ts'
import { createPaidCalls } from './paid-calls.ts'
import { createDerivedPublisher } from './publish-derived.ts'
import { runJob } from './run-job.ts'
import { startTombstones } from './send-tombstones.ts'
import { replaceSettings } from './sql/spending.ts'
import { noteConfigured } from './sql/user-models.ts'
import type { EnricherOptions } from './start.ts'
import { createSteps } from './steps/all-steps.ts'
import type { Objects } from './steps/objects.ts'
import { startWorkers, type Workers } from './workers.ts'

export interface EnrichOptions {
  config: EnricherOptions
  pool: Pool
  log: Pick<MessageLog, 'publisher' | 'watermarks'>
  registry: Pick<SchemaRegistry, 'idOf'>
  objects: Objects
  client: Pick<SynapClient, 'recordAnalysis' | 'enrich'>
  provider: ModelProvider
  logger: Logger
  defer: ServiceContext<unknown>['defer']
  fail: (error: unknown) => void
}

/** Wires what works jobs off: steps and their tools, the workers, and the tombstones of what was purged. */
export async function startEnrichment(options: EnrichOptions): Promise<Workers> {
  const { config, pool, log, registry, objects, client, provider, logger, defer, fail } = options
  const { model, embeddingModel, offline } = provider
  logger.info({ model, embeddingModel, offline }, 'this model enriches')
  const publisher = log.publisher()
  defer('publisher', () => publisher.close())
  const topic = topicName('derived', config.topicPrefix)
  const derived = createDerivedPublisher({
    publisher,
    topic,
    schemaIds: await findSchemaIds(registry, topic),
  })
  const { defaultTimeZone, enrichNewTags: newTags, enrichLeaseMs: leaseMs } = config
  const extractor = createExtractor()
  defer('extractor', () => extractor.close())
  const prices = config.enrichPrices
  await inTransaction(pool, async (transaction) => {
    await replaceSettings(transaction, prices, limitsOf(config))
    await noteConfigured(transaction, provider)
  })
  const calls = createPaidCalls({
    provider,
    budget: createBudget({ pool, prices }),
    breaker: { failures: config.enrichBreakerFailures, openMs: config.enrichBreakerMs },
    logger,
  })
  defer('model calls', async () => calls.stop())
  const embedders = createEmbedders(providersForSearch(provider))
  const tools = { pool, objects, extractor, provider, embedders, calls, derived, client }
  const replay = createReplayGate({ pool, log, topic: topicName('events', config.topicPrefix), logger })
  const steps = createSteps({ ...tools, defaultTimeZone, newTags, replay })
  const owner = uuidv7()
  const job = { pool, logger, steps, owner, leaseMs, retryMs: config.enrichRetryMs }

  const wake = () => workers.wake()
  const enrichments = startEnrichments({ ...tools, logger, fail, onJobs: wake })
  defer('enrichments', () => enrichments.stop())
  const workers: Workers = startWorkers({
    pool,
    logger,
    owner,
    fail,
    leaseMs,
    concurrency: config.enrichConcurrency,
    perUser: config.enrichPerUser,
    pollMs: config.enrichPollMs,
    runJob: async (jobId, signal) => {
      await runJob(job, jobId, signal)
      enrichments.wake()
    },
  })
  defer('workers', () => workers.stop())
  const acting = startActingOnMarks({ pool, logger, fail, wake, pollMs: config.enrichPollMs })
  defer('marks', () => acting.stop())
  const tombstones = startTombstones({ pool, logger, derived, objects })
  defer('tombstones', () => tombstones.stop())
  const meter = startBacklogMeter(pool, logger, { everyMs: 15 * config.enrichPollMs })
  defer('backlog meter', () => meter.stop())
  return workers
}
