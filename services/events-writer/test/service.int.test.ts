import { encodeDelta } from '@synap/contracts'
import { type History, type MadeEvent, makeEvent } from '@synap/inbox/testing'
import { eventually, type TestService } from '@synap/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLine, type Line, toOutbound } from './line.ts'

/** Everything that a redelivery must not change. */
const account = `
  select md5(string_agg(e::text, '|' order by event_id)) from log.events e
  union all select md5(string_agg(d::text, '|' order by d)) from log.user_days d
  union all select md5(string_agg(a::text, '|' order by aggregate_id)) from log.aggregates a
  union all select md5(string_agg(c::text, '|' order by c)) from log.daily_counts c
  union all select coalesce(md5(string_agg(id::text || reason || state, '|' order by id)), '') from log.parked
  union all select md5(string_agg(user_id::text || seen, '|' order by user_id)) from log.user_positions`

describe('events-writer', () => {
  let line: Line
  let service: TestService | undefined
  beforeAll(async () => {
    line = await createLine()
  })
  afterAll(() => line.close())
  beforeEach(() => {
    line.ingest.absent.clear()
    line.ingest.asked.length = 0
  })
  afterEach(async () => {
    await service?.stop()
  })

  const start = async (env: Record<string, string> = {}) => {
    service = await line.start({ LOG_LEVEL: 'debug', ...env })
    return service
  }
  const logged = (history: History) =>
    line.database.superuserSql(
      `select sequence from log.events where user_id = '${history.userId}' order by sequence`,
    )
  const parked = (history: History) =>
    line.database.superuserSql(
      `select sequence, reason, slot, state from log.parked where user_id = '${history.userId}' order by sequence`,
    )
  const all = (history: History) => history.events.map((event) => String(event.envelope.sequence))

  it('given events of many users, all are in the log, accounted for, and read again from the start nothing changes', async () => {
    const histories = Array.from({ length: 5 }, () => line.newHistory())
    for (const history of histories) {
      for (let i = 0; i < 40; i += 1) {
        const { aggregateId } = history.create(`note ${i}`)
        history.append('entity.title_changed', aggregateId, { title: 'other', oldTitle: `note ${i}` })
      }
      await line.publish(history.events.map(toOutbound))
    }
    const first = await start()
    await first.waitReady()
    expect(first.logLines()).toContainEqual(
      expect.objectContaining({
        description: expect.stringMatching(/^TimescaleDB .* edition$/),
        kind: 'hypertable',
      }),
    )
    await line.drained()
    for (const history of histories) expect(await logged(history)).toEqual(all(history))
    const users = histories.map((history) => `'${history.userId}'`).join()
    expect(
      await line.database.superuserSql(
        `select event_type, sum(events) from log.daily_counts where user_id in (${users}) group by 1 order by 1`,
      ),
    ).toEqual(['entity.created|200', 'entity.title_changed|200'])
    expect((await first.stop()).code).toBe(0)

    const before = await line.database.superuserSql(account)
    await line.database.superuserSql('update log.positions set next_offset = 0, event_id = null')
    const second = await start()
    await second.waitReady()
    await line.drained()
    expect(await line.database.superuserSql(account)).toEqual(before)
  })

  it('given an item with a long life, the service keeps its state at the hundredth version', async () => {
    const history = line.newHistory()
    const { aggregateId } = history.create('v1')
    for (let version = 2; version <= 120; version += 1)
      history.append('entity.title_changed', aggregateId, { title: `v${version}`, oldTitle: null })
    await line.publish(history.events.map(toOutbound))
    const first = await start()
    await first.waitReady()
    await line.drained()
    // what is due is kept with the events, so also after a restart, and looked for at each start
    await first.stop()
    await (await start()).waitReady()
    const snapshots = () =>
      line.database.superuserSql(
        `select version, state::jsonb ->> 'title' from log.snapshots where aggregate_id = '${aggregateId}'`,
      )
    await eventually('it is kept', async () => (await snapshots()).length > 0, { deadlineMs: 45_000 })
    expect(await snapshots()).toEqual(['100|v100'])
  })

  it('given poison, each is parked once with its reason, its neighbours are in the log and the process lives', async () => {
    const running = await start()
    await running.waitReady()
    const history = line.newHistory()
    for (let i = 0; i < 8; i += 1) history.create()
    const [a, empty, magic, truncated, bomb, unknown, stranger, z] = history.events as [
      MadeEvent,
      MadeEvent,
      MadeEvent,
      MadeEvent,
      MadeEvent,
      MadeEvent,
      MadeEvent,
      MadeEvent,
    ]
    const unknownId = Buffer.from(unknown.value)
    unknownId.writeInt32BE(2_000_000_000, 1)
    const { 'synap-schema': _, ...withoutSchema } = unknown.headers
    await line.publish(
      [
        a,
        { ...empty, value: Buffer.alloc(0) },
        { ...magic, value: Buffer.from(magic.value).fill(7, 0, 1) },
        { ...truncated, value: truncated.value.subarray(0, -3) },
        // a length of 2 GB where the source's text begins
        { ...bomb, value: Buffer.concat([bomb.value.subarray(0, 63), Buffer.from('feffffff0f', 'hex')]) },
        // an id that nobody registered, from somebody who does not say which schema he means
        { ...unknown, value: unknownId, headers: withoutSchema },
        { ...stranger, headers: { ...stranger.headers, 'synap-user': line.newHistory().userId } },
        z,
      ].map(toOutbound),
    )
    await line.drained()
    expect(await parked(history)).toEqual([
      '2|undecodable|t|open',
      '3|undecodable|t|open',
      '4|undecodable|t|open',
      '5|undecodable|t|open',
    ])
    expect(
      await line.database.superuserSql(
        `select reason, slot from log.parked where user_id is null and topic = '${line.topic}' order by reason`,
      ),
    ).toEqual(['headers_unusable|f', 'inconsistent|f'])
    // The two that took no slot left a gap, which ingest filled.
    expect(await logged(history)).toEqual(['1', '6', '7', '8'])
    await running.waitReady()
    expect((await running.stop()).code).toBe(0)
  })

  it('given an event that never came, it is fetched from ingest and the log has no hole', async () => {
    const running = await start()
    await running.waitReady()
    const history = line.newHistory()
    for (let i = 0; i < 6; i += 1) history.create()
    await line.publish(history.events.filter((_, index) => index !== 2 && index !== 3).map(toOutbound))
    await line.drained()
    expect(await logged(history)).toEqual(all(history))
    expect(line.ingest.asked).toEqual(['3..4'])
    expect(await parked(history)).toEqual([])
  })

  it('given an event that nobody has, a slot stays open, the rest flows, and the slot closes when it turns up', async () => {
    const running = await start()
    await running.waitReady()
    const history = line.newHistory()
    const { aggregateId } = history.create('a')
    history.append('entity.title_changed', aggregateId, { title: 'b', oldTitle: 'a' })
    history.append('entity.title_changed', aggregateId, { title: 'c', oldTitle: 'b' })
    line.ingest.absent.add(2)
    const [first, second, third] = history.events.map(toOutbound)
    if (first === undefined || second === undefined || third === undefined) throw new Error('three events')
    await line.publish([first, third])
    await line.drained()
    expect(await logged(history)).toEqual(['1', '3'])
    expect(await parked(history)).toEqual(['2|missing|t|open'])
    await line.publish([second])
    await line.drained()
    await eventually('the slot is closed', async () => (await logged(history)).length === 3)
    expect(await parked(history)).toEqual(['2|missing|t|applied'])
  })

  it('given another event under a sequence that the log has, it is parked as a fork', async () => {
    const running = await start()
    await running.waitReady()
    const history = line.newHistory()
    history.create('true')
    const fork = line.newHistory()
    // the same user and sequence, made by a database that was restored to an older state
    const forked = fork.create('false').event
    const envelope = { ...forked.envelope, userId: history.userId }
    const schemaId = forked.value.readInt32BE(1)
    const delta = encodeDelta('entity.created', { type: 'note', title: 'false', timeZone: null })
    await line.publish(history.events.map(toOutbound))
    await line.publish([toOutbound(makeEvent('entity.created', envelope, delta, schemaId))])
    await line.drained()
    expect(await parked(history)).toEqual(['1|fork|f|open'])
    expect(running.logLines()).toContainEqual(expect.objectContaining({ alarm: 'fork' }))
  })

  it('given a registry that lost its schemas, it halts, is not ready and says why, and parks nothing', async () => {
    const history = line.newHistory()
    history.create()
    const [event] = history.events.map(toOutbound)
    const value = Buffer.from(event?.value ?? '')
    value.writeInt32BE(2_000_000_000, 1)
    const running = await start()
    await running.waitReady()
    if (event !== undefined) await line.publish([{ ...event, value }])
    const answer = await eventually('it is not ready', async () => {
      const response = await fetch(`${running.adminUrl}/readyz`)
      return response.status === 503 ? response.text() : undefined
    })
    expect(answer).toContain('consumer.halted')
    expect((await fetch(`${running.adminUrl}/livez`)).status).toBe(200)
    expect(running.logs()).toContain('schema.unknown_id')
    expect(await parked(history)).toEqual([])
  })
})
