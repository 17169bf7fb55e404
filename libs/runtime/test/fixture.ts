/** A service for the tests of `runService`; the environment says how it misbehaves. */
import { setTimeout as sleep } from 'node:timers/promises'
import { SynapError } from '@synap/core'
import { z } from 'zod'
import { databaseConfig, integer, runService } from '../src/index.ts'

const schema = z.object({
  ...databaseConfig,
  batchSize: integer(1, 10).default(5),
  behave: z.string().default('well'),
})

let starts = 0

await runService('fixture', schema, async ({ config, logger, defer, health, signal, fail }) => {
  starts += 1
  logger.info({ batchSize: config.batchSize, databaseUrl: config.databaseUrl, starts }, 'opened')
  defer('first', () => logger.info('closed first opened'))
  if (config.behave === 'hang') defer('stuck', () => new Promise(() => undefined))
  defer('last', () => logger.info({ aborted: signal.aborted }, 'closed last opened'))
  health.ready(
    'database',
    async () => {
      if (config.behave === 'database-down')
        throw new SynapError('no', { code: 'postgres.unavailable', class: 'dependency' })
      if (config.behave === 'database-silent') await sleep(60_000)
    },
    { deadlineMs: 50 },
  )
  health.live('consumer', () => config.behave !== 'stuck')
  if (config.behave === 'away-twice' && starts < 3) {
    throw new SynapError('no', { code: 'postgres.unavailable', class: 'dependency' })
  }
  if (config.behave === 'schema-unknown') {
    throw new SynapError('run the migrations', { code: 'migrations.pending', class: 'configuration' })
  }
  if (config.behave === 'bug') throw new TypeError('a mistake')
  if (config.behave === 'reject') void Promise.reject(new Error('nobody looks'))
  if (config.behave === 'fail') setTimeout(() => fail(new Error('a part failed')), 10)
})
