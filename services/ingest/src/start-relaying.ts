import { topicName } from '@synap/contracts'
import { SynapError } from '@synap/core'
import type { MessageLog } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import type { ServiceContext } from '@synap/runtime'

import { startLedgerWatch } from './ledger-watch.ts'
import { deafness, observeOutbox, published, quarantines } from './metrics.ts'
import { type OutboxWatch, startOutboxWatch } from './outbox-watch.ts'
import { createOthers, type OthersOptions } from './relay/others.ts'
import { prepareMessage } from './relay/prepare-message.ts'
import { type Relay, startRelay } from './relay/relay.ts'
import { relayBatch } from './relay/relay-batch.ts'
import type { SchemaBook } from './schema-book.ts'
import type { IngestConfig } from './start.ts'
import { startUpkeep } from './upkeep.ts'

const countEveryMs = 2_000
const upkeepEveryMs = 60_000
const ledgerEveryMs = 30_000

interface RelayingParts {
  pool: Pool
  kafka: MessageLog
  schemas: SchemaBook
  listen: OthersOptions['listen'] | undefined
}

/**
 * Starts what moves the outbox: relay, its housekeeping and its gauges. Kafka may be away: writes go on, so it only
 * degrades readiness.
 */
export function startRelaying(
  { config, logger, defer, health }: ServiceContext<IngestConfig>,
  { pool, kafka, schemas, listen }: RelayingParts,
): { relay: Relay; outbox: OutboxWatch; topic: string } {
  const publisher = kafka.publisher()
  defer('publisher', () => publisher.close())
  const topic = topicName('events', config.topicPrefix)
  const others = listen && createOthers({ pool, listen, logger, onLost: () => deafness.add(1) })
  const relay = startRelay({
    pool,
    publisher,
    topic,
    logger,
    prepare: (row) => prepareMessage(row, topic, schemas),
    refresh: (rows) => schemas.refresh(rows.map(({ fingerprint }) => fingerprint)),
    leaseMs: config.relayLeaseMs,
    pollMs: config.relayPollMs,
    others,
    ...relayBatch,
    onPublished: (rows) => published.add(rows),
    onQuarantined: () => quarantines.add(1),
  })
  defer('relay', () => relay.close())
  const outbox = startOutboxWatch({ pool, logger, limit: config.outboxLimit, everyMs: countEveryMs })
  defer('outbox watch', () => outbox.close())
  const upkeep = startUpkeep({ pool, logger, isLeader: relay.isLeader, everyMs: upkeepEveryMs })
  defer('upkeep', () => upkeep.close())
  const ledger = startLedgerWatch({ pool, logger, isLeader: relay.isLeader, everyMs: ledgerEveryMs })
  defer('ledger watch', () => ledger.close())
  defer('outbox gauges', observeOutbox(outbox, relay, upkeep))

  health.ready('kafka', (abort) => kafka.ping(abort), { needed: false })
  health.ready('relay', async () => assertGoing(relay, publisher.health().reason), { needed: false })
  health.ready('write-identity', async () => assertSettled(outbox), { needed: false })
  return { relay, outbox, topic }
}

function assertSettled(outbox: OutboxWatch): void {
  const why = outbox.refusal()
  if (why === null) return
  throw new SynapError('writes are refused: run ./synap write reconcile', {
    code: 'write.unreconciled',
    class: 'configuration',
    fields: { why },
  })
}

function assertGoing(relay: Relay, publishing: string | null): void {
  const reason = publishing ?? relay.trouble()
  if (reason === null) return
  throw new SynapError(reason, { code: 'relay.trouble', class: 'dependency' })
}
