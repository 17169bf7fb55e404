import { topicName } from '@synap/contracts'
import { crashpoint } from '@synap/core'
import { createRecordInbox } from '@synap/inbox'
import type { Consumer, ConsumerDriver, InboundMessage, Logger, SchemaRegistry } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { type ProjectorConfig, projectorRole, type ReadModel } from './config.ts'
import { partsOf } from './parts.ts'
import { projectDerived, type ReadDerived } from './project-derived.ts'
import { createDerivedReader, type ReadDerivedOptions } from './read-derived.ts'

export interface DerivedConsumerOptions {
  readModel: ReadModel
  pool: Pool
  consumerDriver: ConsumerDriver
  registry: Pick<SchemaRegistry, 'schemaById'>
  readText: ReadDerivedOptions['readText']
  logger: Logger
  config: Pick<ProjectorConfig, 'topicPrefix' | 'haltPercent'>
}

export interface DerivedConsumer {
  consumer: Consumer
  /** Tries what is parked of this topic and marked for it; answers how many records were applied. */
  retryParked(signal?: AbortSignal): Promise<number>
}

/** What comes in: the derived topic. Under which policy: that of the record inbox. What happens: `projectDerived`. */
export function createDerivedConsumer(options: DerivedConsumerOptions): DerivedConsumer {
  const { readModel, pool, consumerDriver, registry, readText, logger, config } = options
  const topic = topicName('derived', config.topicPrefix)
  const inbox = createRecordInbox<ReadDerived>({
    schema: readModel.schema,
    role: projectorRole,
    consumer: 'projector-derived',
    pool,
    logger,
    decode: createDerivedReader({ readText, schemaById: (id, signal) => registry.schemaById(id, signal) }),
    apply: async (client, records) => {
      await projectDerived(
        client,
        readModel.schema,
        records.map(({ record }) => record),
      )
      crashpoint('projector.before_commit')
    },
    channel: readModel.channel,
    haltShare: config.haltPercent / 100,
  })
  const consumer = consumerDriver.createConsumer({
    groupId: `${config.topicPrefix}${readModel.derivedGroup}`,
    topics: [topic],
    resumeAt: inbox.resumeAt,
    async handle(batch, context) {
      for (const messages of partsOf(batch.messages, slice))
        await inbox.handle({ ...batch, messages }, context)
    },
  })
  return { consumer, retryParked: (signal) => inbox.retryParked(topic, signal) }
}

/** Bounds of one transaction: a record is up to half a megabyte, and an extraction brings its text along. */
const slice = {
  count: 50,
  size: 1_048_576,
  sizeOf: (message: InboundMessage) => message.value?.length ?? 0,
}
