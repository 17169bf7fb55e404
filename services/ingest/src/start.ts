import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import type { App, Limits } from '@synap/http'
import type { MessageLog } from '@synap/messaging'
import type { ObjectStore } from '@synap/object-store'
import { assertMigrated, type Pool } from '@synap/postgres'
import type { ServiceContext } from '@synap/runtime'
import { type Config, migrations } from './config.ts'
import { pingDatabase } from './database.ts'
import type { WriteDependencies } from './decide-and-append.ts'
import { createSpool } from './files/spool.ts'
import { directLimitsOf, fileLimitsOf, type UploadConfig } from './files/upload-config.ts'
import { clockJumps, countSwept } from './metrics.ts'
import { createOperator } from './operator.ts'
import type { OthersOptions } from './relay/others.ts'
import { assertSchemasRegistered, createSchemaBook } from './schema-book.ts'
import { buildServer } from './server.ts'
import { startRelaying } from './start-relaying.ts'
import { startSweep } from './sweep/start-sweep.ts'
import type { SweepConfig } from './sweep/sweep-config.ts'

export { migrations } from './config.ts'
export { type UploadConfig, uploadConfig } from './files/upload-config.ts'
export { type SweepConfig, sweepConfig } from './sweep/sweep-config.ts'

export type IngestConfig = Pick<Config, 'topicPrefix' | 'outboxLimit' | 'relayLeaseMs' | 'relayPollMs'> &
  UploadConfig &
  SweepConfig &
  Limits

/** What ingest stands on; whoever made these closes them, after ingest. */
export interface IngestDrivers {
  pool: Pool
  store: ObjectStore
  log: MessageLog
  /** Where other processes may commit to the same outbox: how the one that relays hears of it. Without, it finds out by looking. */
  listen?: OthersOptions['listen'] | undefined
}

/** Starts ingest on its drivers. The app that is answered does not listen yet. */
export async function startIngest(
  context: ServiceContext<IngestConfig>,
  { pool, store, log, listen }: IngestDrivers,
): Promise<App> {
  const { config, logger, defer, health } = context
  await assertMigrated(pool, 'ingest', migrations)
  const schemas = await createSchemaBook(pool)
  assertSchemasRegistered(schemas)
  const { relay, outbox, topic } = startRelaying(context, { pool, kafka: log, schemas, listen })
  // Whether this database may give out numbers is known before the first write comes.
  await outbox.begun
  const operator = createOperator({
    pool,
    logger,
    schemas,
    log,
    topic,
    relay,
    store,
    sweepAgeMs: config.sweepAgeMs,
  })
  defer('operator', () => operator.close())
  const { sweepAgeMs: ageMs, sweepEveryMs: everyMs } = config
  const sweep =
    everyMs === 0 ? undefined : startSweep({ pool, store, logger, ageMs, everyMs, onSwept: countSwept })
  defer('sweep', async () => sweep?.close())

  const { uploadDir: folder, uploadSpoolBytes: maxBytes, uploadTimeoutMs } = config
  const spool = await createSpool({ folder, maxBytes, limits: fileLimitsOf(config) })
  const onCommitted: WriteDependencies['onCommitted'] = (rows) => {
    if (rows === undefined) return relay.wake()
    relay.hand(rows)
    // The record, or the word to who sends it, goes first: who waits to see the event waits for it, and has the answer long
    // before.
    return turnOfTheLoop()
  }
  const onClockJump = () => clockJumps.add(1)
  const server = await buildServer({
    pool,
    logger,
    store,
    schemas,
    outbox,
    onCommitted,
    onClockJump,
    spool,
    uploadTimeoutMs,
    limits: directLimitsOf(config),
    maxUploadBytes: config.maxDirectUploadBytes,
    operator,
    httpLimits: config,
  })
  defer('server', () => server.close())
  health.ready('postgres', () => pingDatabase(pool))
  health.ready('object-store', (signal) => store.check(signal))
  return server
}
