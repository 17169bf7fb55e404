import type { DerivedPlace, DerivedRecord } from '@synap/contracts'
import { uuidv7 } from '@synap/core'
import { silentLogger } from '@synap/messaging'
import { type Client, createPool, type Pool } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHistory, newEntity } from '../../test/events.ts'
import { applyEvents } from '../apply-events.ts'
import { inTransaction } from '../database.ts'
import { LeaseLost } from '../lease-clock.ts'
import { sendDueTombstones } from '../send-tombstones.ts'
import { findLeasedJob, holdJob, leaseJobs } from '../sql/lease-jobs.ts'
import { announce } from './announce.ts'
import type { StepContext } from './step.ts'

describe('announcing derived records', () => {
  let database: TestDatabase
  let pool: Pool
  beforeAll(async () => {
    database = await createTestDatabase(['enricher'])
    // One connection, as standalone has: whoever held it while publishing would wait for himself.
    pool = createPool({ url: database.url, applicationName: 'announce-test', max: 1 })
  }, 120_000)
  afterAll(async () => {
    await pool?.end()
    await database?.close()
  })

  it('given a purge while records are on their way, when they stand, then they are buried once more', async () => {
    const { created, uploaded, event } = createHistory()
    const id = newEntity()
    const owner = uuidv7()
    const apply = (...events: Parameters<typeof applyEvents>[1]) =>
      inTransaction(pool, (client) => applyEvents(client, events, silentLogger))
    await apply(created(id), uploaded(id, 'text'))
    const [jobId = ''] = await inTransaction(pool, (client) =>
      leaseJobs(client, { owner, limit: 1, perUser: 1, background: 8, leaseMs: 60_000 }),
    )
    const job = await inTransaction(pool, (client) => findLeasedJob(client, jobId, owner))
    if (job === undefined) throw new Error('no job was leased')
    const commit = <T>(work: (client: Client) => Promise<T>) =>
      inTransaction(pool, async (client) => {
        if (!(await holdJob(client, jobId, owner, 60_000))) throw new LeaseLost()
        return work(client)
      })
    const context: StepContext = { job, memory: {}, signal: new AbortController().signal, commit }

    const log: (readonly DerivedPlace[] | 'published')[] = []
    const bury = async (places: readonly DerivedPlace[]) => void log.push(places)
    const objects = { delete: async () => undefined } as unknown as Parameters<
      typeof sendDueTombstones
    >[0]['objects']
    const purge = () =>
      sendDueTombstones(
        { pool, logger: silentLogger, objects, derived: { bury, publish: async () => undefined } },
        context.signal,
      )
    const publish = async () => {
      await apply(event('entity.purged', id, {}))
      await purge()
      log.push('published')
    }
    const { userId, contentHash } = job
    const place = { userId, entityId: id, contentHash, producer: 'made@1', block: 0 }
    const record: DerivedRecord = {
      type: 'synap.derived.Extracted',
      ...place,
      blockCount: 1,
      textKey: null,
      language: null,
      analysable: false,
      reason: 'empty',
      links: [],
      chunks: [],
    }
    const announcing = announce({ pool, derived: { bury, publish } }, context, 'made@1', [record])
    await expect(announcing).rejects.toBeInstanceOf(LeaseLost)
    expect(await purge()).toBe(true)
    expect(log).toEqual([[place], 'published', [place]])
    expect(await purge()).toBe(false)
  })
})
