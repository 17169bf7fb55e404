import type { SynapClient } from '@synap/client'
import { dropAccounted, keepMs } from '@synap/ingest/drop-outbox'
import { ledgerGaps, watchLedger } from '@synap/ledger'
import { silentLogger } from '@synap/messaging'
import { execute, ownership, query, transaction } from '@synap/postgres'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type InProcess, startInProcess } from '../test/start-in-process.ts'

const patience = 60_000

describe('what an operator does to a standalone', () => {
  let standalone: InProcess
  let client: SynapClient

  beforeAll(async () => {
    standalone = await startInProcess()
    ;({ client } = standalone)
    for (const content of ['Buy milk', 'Ring Bob']) await client.capture({ type: 'note', content })
  }, patience)
  afterAll(() => standalone[Symbol.asyncDispose](), patience)

  const sql = (text: string) =>
    transaction(standalone.drivers.pool, { role: ownership.ingest.role }, (tx) => execute(tx, { text }))

  const level = () => {
    const reader = {
      read: () => client.ledger(),
      async readTopic() {
        const { topic } = await client.ledger({ topic: true })
        if (topic === null) throw new Error('the topic was not read')
        return topic
      },
    }
    const signal = AbortSignal.timeout(patience)
    return watchLedger(reader, { stillMs: patience, everyMs: 50, signal, onProgress: () => undefined })
  }

  it('given events published again, they are counted as repeated and the ledger agrees', {
    timeout: patience,
  }, async () => {
    const before = await level()
    const since = new Date(Date.now() - 3_600_000).toISOString()
    const page = await client.republish({ since })
    expect(page).toEqual({ events: page.events, absent: 0, next: null })
    expect(page.events).toBeGreaterThanOrEqual(4)
    const after = await level()
    expect(ledgerGaps(after)).toEqual([])
    expect((after.topic?.repeated ?? 0) - (before.topic?.repeated ?? 0)).toBeGreaterThanOrEqual(4)
    expect(after.readModel.parked + after.log.parked).toBe(0)
  })

  it('given a status, nothing needs a look', async () => {
    await level()
    expect(await client.outbox()).toMatchObject({ unpublished: 0, quarantined: [], overdue: [], write: 'ok' })
  })

  it('given a partition of yesterday, it is dropped here too', { timeout: patience }, async () => {
    await level()
    await sql(`update write.outbox set created_at = now() - interval '25 hours',
      published_at = now() - interval '25 hours'`)
    await sql('select write.extend_outbox()')
    const { pool } = standalone.drivers
    const { dropped } = await dropAccounted({ pool, logger: silentLogger, keepMs })
    expect(dropped).toHaveLength(1)
    const left = await transaction(pool, { role: ownership.ingest.role }, (tx) =>
      query<{ rows: number }>(tx, { text: 'select count(*) as rows from write.outbox' }),
    )
    expect(left).toEqual([{ rows: 0 }])
  })

  it('given a database that is another, writes are refused until it is reconciled', {
    timeout: patience,
  }, async () => {
    await sql('update write.identity set database_oid = 1, epoch = gen_random_uuid()')
    const write = () => client.capture({ type: 'note', title: 'after' })
    await expect(write()).rejects.toMatchObject({
      status: 503,
      problem: { detail: expect.stringContaining('write reconcile') },
    })
    await client.beginReconcile()
    await eventually('it is done', async () => (await client.reconcileStatus()).phase === 'done')
    await eventually('writes are taken', () => write().catch(() => undefined), { deadlineMs: 20_000 })
    expect(await client.reconcileStatus()).toMatchObject({ usersMoved: 0, write: 'ok' })
  })
})
