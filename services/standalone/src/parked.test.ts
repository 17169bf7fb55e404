import type { SynapClient } from '@synap/client'
import type { ParkedGroup, ParkingConsumer } from '@synap/contracts'
import { execute, ownership, query, type SchemaOwner, transaction } from '@synap/postgres'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type InProcess, startInProcess } from '../test/start-in-process.ts'

const patience = 120_000

describe('what is parked in a standalone', () => {
  let standalone: InProcess
  let client: SynapClient
  beforeAll(async () => {
    standalone = await startInProcess()
    ;({ client } = standalone)
  }, patience)
  afterAll(() => standalone[Symbol.asyncDispose](), patience)

  const as = (owner: SchemaOwner, text: string) =>
    transaction(standalone.drivers.pool, { role: ownership[owner].role }, (tx) => execute(tx, { text }))
  const rows = <T>(owner: SchemaOwner, text: string) =>
    transaction(standalone.drivers.pool, { role: ownership[owner].role }, (tx) => query<T>(tx, { text }))
  const groupOf = async (consumer: ParkingConsumer): Promise<ParkedGroup | undefined> =>
    (await client.parked({ consumer })).items[0]
  /** Tried, whatever came of it. */
  const settled = (consumer: ParkingConsumer) =>
    eventually('nothing is marked', async () => ((await groupOf(consumer))?.retrying ?? 0) === 0, {
      deadlineMs: patience,
    })
  const nothingIsParked = (consumer: ParkingConsumer) =>
    eventually(
      'nothing is parked',
      async () => {
        expect(await client.parked({ consumer })).toEqual({ items: [], unknown: [] })
        return true
      },
      { deadlineMs: patience, everyMs: 200 },
    )

  const refusing = {
    'events-writer': [
      `alter table log.aggregates add constraint no_note check (aggregate_type <> 'entity') not valid`,
      'alter table log.aggregates drop constraint no_note',
    ],
    projector: [
      `alter table read_v1.entities add constraint no_note check (title <> 'refuse me') not valid`,
      'alter table read_v1.entities drop constraint no_note',
    ],
    enricher: [
      `alter table enrich.jobs add constraint no_note check (state <> 'open') not valid`,
      'alter table enrich.jobs drop constraint no_note',
    ],
  } as const

  it.each(['events-writer', 'projector', 'enricher'] as const)(
    'given the %s refuses an item, a retry in vain is told, one after the repair drains in order',
    async (consumer) => {
      const [refuse, allow] = refusing[consumer]
      await as(consumer, refuse)
      const { id } = await client.capture({ type: 'note', title: 'refuse me', content: `of the ${consumer}` })
      await client.patchEntity(id, { title: 'fine' })
      const group = await eventually('it is parked', () => groupOf(consumer), { deadlineMs: patience })
      expect(group).toMatchObject({ consumer, kind: 'event', reason: 'refused_by_store', users: 1 })

      expect(await client.retryParked(group.id, { dryRun: true })).toMatchObject({ dryRun: true })
      expect((await client.retryParked(group.id)).events).toBeGreaterThan(0)
      await settled(consumer)
      expect(await client.parked({ consumer })).toMatchObject({ items: [{ id: group.id }] })
      const [event] = (await client.parkedEvents(group.id)).items
      expect(event).toMatchObject({ state: 'open', aggregateId: id, decoded: { outcome: 'decoded' } })
      expect(event?.history.map(({ step }) => step).slice(0, 3)).toEqual(['parked', 'marked', 'tried'])
      expect(JSON.stringify(event)).not.toContain('refuse me')

      await as(consumer, allow)
      await client.retryParked(group.id)
      await nothingIsParked(consumer)
      // so that nothing of it comes into the next story
      const isComplete = async () => (await client.status(id)).complete
      await eventually('it is complete', isComplete, { deadlineMs: patience, everyMs: 200 })
      if (consumer !== 'projector') return
      const { sequence } = await client.status(id)
      const read = await client.getEntity(id, { minSequence: sequence, waitMs: 20_000 })
      expect(read.value).toMatchObject({ title: 'fine' })
    },
    patience,
  )

  it('given a discard, the item goes on without the event, and who and why stays', {
    timeout: patience,
  }, async () => {
    await as('projector', refusing.projector[0])
    const { id } = await client.capture({ type: 'note', title: 'before' })
    await client.patchEntity(id, { title: 'refuse me' })
    await client.patchEntity(id, { metadata: { color: 'green' } })
    const group = await eventually(
      'they are parked',
      async () => {
        const found = await groupOf('projector')
        return found !== undefined && found.waiting >= 1 ? found : undefined
      },
      { deadlineMs: patience },
    )
    await client.discardParked(group.id, { reason: 'by mistake', upTo: group.upTo })
    await nothingIsParked('projector')
    await as('projector', refusing.projector[1])
    expect((await client.getEntity(id)).value).toMatchObject({
      title: 'before',
      metadata: { color: 'green' },
    })
    const [closed] = (await client.parkedEvents(group.id, { state: 'closed', limit: 200 })).items.slice(-1)
    expect(closed?.history.at(-1)).toMatchObject({ step: 'discarded', why: 'by mistake' })
    expect(
      await rows('projector', `select count(*) as open from read_v1.parked where state in ('open', 'retry')`),
    ).toEqual([{ open: 0 }])
  })
})
