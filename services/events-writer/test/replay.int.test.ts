import type { AggregateId } from '@synap/core'
import { stateVersion } from '@synap/domain'
import { createEventLog, type EventLog, findSequenceAt, type Replay, replay } from '@synap/event-log'
import { type Pool, query, transaction } from '@synap/postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeDueSnapshots } from '../src/make-snapshots.ts'
import { insertOutdatedSnapshots } from '../src/sql/snapshots.ts'
import { type LogDatabase, logDatabases } from './databases.ts'
import { deliver, newInboxOn } from './store.ts'
import { createStory, newId, type Story } from './story.ts'

const begin = Date.UTC(2026, 4, 1)
const hourMs = 3_600_000
const never = new AbortController().signal

/** An entity that was renamed until it had `versions` versions, one an hour. */
function tellNovel(versions: number): { story: Story; id: AggregateId } {
  const story = createStory()
  const id = newId()
  story.tell('entity.created', id, { type: 'note', title: 'v1', timeZone: null }, { at: begin })
  for (let version = 2; version <= versions; version += 1) {
    const at = begin + version * hourMs
    story.tell('entity.title_changed', id, { title: `v${version}`, oldTitle: `v${version - 1}` }, { at })
  }
  return { story, id }
}

describe.each(logDatabases)('replay on %s', (_name, open) => {
  let database: LogDatabase
  let pool: Pool
  let log: EventLog
  let offset = 0
  beforeAll(async () => {
    database = await open()
    ;({ pool } = database)
    log = createEventLog({ pool, role: 'synap_query' })
  }, 120_000)
  afterAll(() => database.close())
  beforeEach(async () => {
    await database.sql('delete from log.snapshots')
  })

  const write = async (story: Story, from = 0) => {
    const events = story.events.slice(from)
    await deliver(newInboxOn(pool), events, offset)
    offset += events.length
  }
  const stateOf = (story: Story, id: AggregateId, ...more: [range?: object, options?: object]) =>
    log.ask(story.userId, (client) => replay(client, id, ...more))
  const titled = (version: number) => ({ outcome: 'state', state: { version, title: `v${version}` } })
  const folded = (answer: Replay) =>
    answer.outcome === 'state' ? { folded: answer.folded, snapshot: answer.snapshot } : answer

  it('given a long life, a snapshot bounds what is folded, at any version and at any time', async () => {
    const { story, id } = tellNovel(250)
    await write(story)
    const before = await stateOf(story, id)
    expect(folded(before)).toEqual({ folded: 250, snapshot: 0 })
    await makeDueSnapshots(pool, never)
    const after = await stateOf(story, id)
    expect(folded(after)).toEqual({ folded: 50, snapshot: 200 })
    expect(after).toMatchObject(titled(250))
    expect({ ...after, folded: 0, snapshot: 0 }).toEqual({ ...before, folded: 0, snapshot: 0 })
    expect(folded(await stateOf(story, id, { to: 199 }))).toEqual({ folded: 99, snapshot: 100 })
    expect(await stateOf(story, id, { to: 150 })).toMatchObject(titled(150))
    const atNoon = await log.ask(story.userId, async (client) =>
      replay(client, id, { upToSequence: await findSequenceAt(client, begin + 120.5 * hourMs) }),
    )
    expect(atNoon).toMatchObject({ ...titled(120), folded: 20, snapshot: 100 })
  })

  it('given snapshots that are wrong or of another fold, they are not used and nothing fails', async () => {
    const { story, id } = tellNovel(120)
    await write(story)
    for (const damage of [
      `state = replace(state, '"v100"', '"v666"')`,
      `state = 'no json', checksum = repeat('0', 64)`,
      `checksum = ''`,
      'state_version = state_version + 1',
      'version = 110',
    ]) {
      await database.sql(`delete from log.snapshots; insert into log.snapshots_due (aggregate_id, user_id)
        values ('${id}', '${story.userId}') on conflict do nothing`)
      await makeDueSnapshots(pool, never)
      expect(folded(await stateOf(story, id))).toEqual({ folded: 20, snapshot: 100 })
      await database.sql(`update log.snapshots set ${damage} where aggregate_id = '${id}'`)
      const answer = await stateOf(story, id)
      expect({ damage, ...folded(answer) }).toEqual({ damage, folded: 120, snapshot: 0 })
      expect(answer).toMatchObject(titled(120))
    }
  })

  it('given snapshots of an older fold, they are made anew', async () => {
    const { story, id } = tellNovel(100)
    await write(story)
    await makeDueSnapshots(pool, never)
    await database.sql('update log.snapshots set state_version = state_version - 1')
    const role = 'synap_events_writer'
    const outdated = transaction(pool, { role }, (client) => insertOutdatedSnapshots(client, stateVersion))
    expect(await outdated).toBe(1)
    await makeDueSnapshots(pool, never)
    expect(folded(await stateOf(story, id))).toEqual({ folded: 0, snapshot: 100 })
  })

  it('given a purge, no snapshot holds what was there before it', async () => {
    const { story, id } = tellNovel(110)
    await write(story)
    await makeDueSnapshots(pool, never)
    const snapshots = () =>
      transaction(pool, { role: 'synap_events_writer' }, (client) =>
        query(client, { text: 'select version from log.snapshots' }),
      )
    expect(await snapshots()).toHaveLength(1)
    story.tell('entity.purged', id, {}, { at: begin + 500 * hourMs })
    await write(story, 110)
    expect(await snapshots()).toEqual([])
    await database.sql(`insert into log.snapshots_due values ('${id}', '${story.userId}')`)
    await makeDueSnapshots(pool, never)
    expect(await snapshots()).toEqual([])
    expect(await stateOf(story, id)).toMatchObject({ outcome: 'state', state: { purged: true, title: null } })
  })

  it('given the erasure of a user, nothing that was parked of theirs is left, and of others all', async () => {
    const [story, other] = [createStory(), createStory()]
    story.tell('entity.created', newId(), { type: 'note', title: 'v1', timeZone: null }, { at: begin })
    await write(story)
    const parked = ({ userId }: Story) => `
      insert into log.parked (user_id, sequence, reason, detail, key, headers, value, slot)
        values ('${userId}', 90, 'undecodable', 'v1', '${userId}', '{}', 'v1', true);
      insert into log.parked (reason, detail, key, value, slot)
        values ('headers_unusable', 'v1', '${userId}', 'v1', false);
      insert into log.parked_history (parked_id, step, detail)
        select id, 'parked', 'v1' from log.parked where key = '${userId}';`
    await database.sql(`${parked(story)} ${parked(other)}`)
    story.tell('user.erased', story.userId as string as AggregateId, {}, { at: begin + 1 })
    await write(story, 1)
    const left = await transaction(pool, { role: 'synap_events_writer' }, (client) =>
      query(client, {
        text: `select k.user_id, k.state, k.value is null as empty, count(h.id)::int as steps
          from log.parked k left join log.parked_history h on h.parked_id = k.id
          where k.user_id = any ($1::uuid[]) or k.key = any ($2::text[])
          group by k.id order by k.id`,
        values: [
          [story.userId, other.userId],
          [story.userId, other.userId],
        ],
      }),
    )
    expect(left).toEqual([
      { user_id: story.userId, state: 'discarded', empty: true, steps: 0 },
      { user_id: other.userId, state: 'open', empty: false, steps: 1 },
      { user_id: null, state: 'open', empty: false, steps: 1 },
    ])
  })

  it('given an event that is missing, or one that only newer code knows, it says so', async () => {
    const { story, id } = tellNovel(10)
    await write(story)
    await database.sql(`delete from log.events where aggregate_id = '${id}' and version = 7`)
    expect(await stateOf(story, id)).toEqual({ outcome: 'gap', version: 7 })
    expect(await stateOf(story, id, { to: 6 })).toMatchObject(titled(6))
    expect(await stateOf(story, newId())).toEqual({ outcome: 'missing' })
    const other = tellNovel(3)
    await write(other.story)
    await database.sql(
      `update log.schemas set schema = replace(schema, 'EntityTitleChanged', 'EntityTitleDreamt')
         where event_type = 'entity.title_changed'`,
    )
    expect(await stateOf(other.story, other.id)).toMatchObject({ outcome: 'unknown', version: 2 })
    expect(await stateOf(story, other.id)).toEqual({ outcome: 'missing' })
  })
})
