import type { ParkedActionResponse, ParkedEvent, ParkedGroup, ParkedList } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Account } from './pipeline.ts'
import { type ServicesPipeline, startServicesPipeline } from './services-pipeline.ts'

/** Each command starts Node, which takes its time where other tests run beside. */
const storyMs = 300_000
const deadlineMs = 60_000
const refuse = `alter table read_v1.entities add constraint no_note check (title <> 'refuse me') not valid`
const allow = 'alter table read_v1.entities drop constraint if exists no_note'

describe('an operator at the command line, on five services', () => {
  let pipeline: ServicesPipeline
  let ana: Account
  let operator: Account

  beforeAll(async () => {
    pipeline = await startServicesPipeline()
    ana = await pipeline.createAccount('ana', ['read', 'write'])
    operator = await pipeline.createAccount('operator', ['operate'])
  }, storyMs)
  afterAll(() => pipeline?.[Symbol.asyncDispose](), storyMs)

  const run = (...args: string[]) => pipeline.synap(operator, 'parked', ...args)
  const json = async <T>(...args: string[]) => {
    const { stdout, stderr } = await run(...args, '--json')
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout) as T
  }
  const groups = async () => (await json<ParkedList>('list', '--consumer', 'projector')).items
  /** The group of the projector, once so many events wait behind. */
  const groupWith = (waiting: number): Promise<ParkedGroup> =>
    eventually('they are parked', async () => (await groups()).find((group) => group.waiting >= waiting), {
      deadlineMs,
      everyMs: 500,
    })
  const nothingIsParked = () =>
    eventually('nothing is parked', async () => (await groups()).length === 0, { deadlineMs, everyMs: 500 })
  const read = async (id: EntityId) => {
    const { sequence } = await ana.client.status(id)
    return (await ana.client.getEntity(id, { minSequence: sequence, waitMs: 20_000 })).value
  }
  const shown = (id: string) => json<{ events: ParkedEvent[] }>('show', id)
  const stepsOf = async (id: string) => (await shown(id)).events[0]?.history.map(({ step }) => step)

  it(
    'given an item that is refused, it is listed, shown without content, tried, and drained in order',
    async () => {
      await pipeline.sql(refuse)
      const { id } = await ana.client.capture({ type: 'note', title: 'refuse me' })
      const { id: fine } = await ana.client.capture({ type: 'note', title: 'fine' })
      const group = await groupWith(0)
      await ana.client.patchEntity(id, { title: 'second' })
      await ana.client.patchEntity(id, { title: 'third' })
      await groupWith(2)
      expect(await read(fine)).toMatchObject({ title: 'fine' })

      const { stdout } = await run('show', group.id)
      expect(stdout).toContain(`version 1 of entity ${id}`)
      expect(stdout).toContain('title=text (9 characters)')
      expect(stdout).not.toContain('refuse me')

      const dry = await json<ParkedActionResponse>('retry', group.id, '--dry-run')
      expect(dry).toMatchObject({ dryRun: true, events: 1 })
      expect(await stepsOf(group.id)).toEqual(['parked'])
      const inVain = await run('retry', group.id)
      expect([inVain.code, inVain.stdout]).toEqual([1, expect.stringMatching(/^0 of 1 applied/)])
      expect(await stepsOf(group.id)).toEqual(['parked', 'marked', 'tried'])

      await pipeline.sql(allow)
      const repaired = await run('retry', group.id)
      expect([repaired.code, repaired.stdout]).toEqual([0, expect.stringMatching(/^1 of 1 applied/)])
      await nothingIsParked()
      expect(await read(id)).toMatchObject({ title: 'third' })
      const order = `select version from read_v1.parked_history h join read_v1.parked k on k.id = h.parked_id
      where h.step = 'applied' and k.aggregate_id = '${id}' order by h.id`
      const versions = (await pipeline.sql(order)).map(Number)
      expect(versions).toEqual([...versions].sort((a, b) => a - b))
      expect(versions.length).toBeGreaterThan(2)
    },
    storyMs,
  )

  it(
    'given an event to give up, it takes a reason and a yes, and the item goes on without it',
    async () => {
      const { id } = await ana.client.capture({ type: 'note', title: 'before' })
      expect(await read(id)).toMatchObject({ title: 'before' })
      await pipeline.sql(refuse)
      await ana.client.patchEntity(id, { title: 'refuse me' })
      await groupWith(0)
      await ana.client.patchEntity(id, { metadata: { colour: 'green' } })
      const group = await groupWith(1)
      const unsure = await run('discard', group.id, '--reason', 'by mistake')
      expect([unsure.code, unsure.stdout]).toEqual([2, ''])
      expect((await groupWith(1)).id).toBe(group.id)

      const sure = await run('discard', group.id, '--reason', 'by mistake', '--yes')
      expect([sure.code, sure.stdout]).toEqual([0, expect.stringMatching(/^1 given up/)])
      await nothingIsParked()
      await pipeline.sql(allow)
      expect(await read(id)).toMatchObject({ title: 'before', metadata: { colour: 'green' } })
      const closed = await json<{ events: ParkedEvent[] }>('show', group.id, '--closed')
      expect(closed.events.at(-1)?.history.at(-1)).toMatchObject({
        step: 'discarded',
        byUser: operator.userId,
        why: 'by mistake',
      })
    },
    storyMs,
  )

  it(
    'given a key without the scope, it is told which one is missing',
    async () => {
      const { code, stdout, stderr } = await pipeline.synap(ana, 'parked', 'list')
      expect([code, stdout]).toEqual([78, ''])
      expect(stderr).toContain('operate')
    },
    storyMs,
  )
})
