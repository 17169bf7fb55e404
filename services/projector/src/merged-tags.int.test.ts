import type { SynapEvent } from '@synap/contracts'
import { uuidv7 } from '@synap/core'
import { type Client, createPool, type Pool, query, transaction } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dumpRows } from '../test/dump.ts'
import { createRandom, RandomUser } from '../test/random-events.ts'
import { projectEvents } from './project-events.ts'

const schema = 'read_v1'
const principal = { role: 'synap_projector' }
const [tea, coffee, drinks] = [uuidv7(), uuidv7(), uuidv7()]
const names: Record<string, string> = { [tea]: 'tea', [coffee]: 'coffee', [drinks]: 'drinks' }

/** `late:` is held back until all others have been applied. */
type Step = ['add' | 'late:add' | 'remove' | 'late:remove' | 'merge', tag: string, into?: string]

describe('tags that were merged while something of an item was parked', () => {
  let database: TestDatabase
  let pool: Pool
  beforeAll(async () => {
    database = await createTestDatabase(['projector'])
    pool = createPool({ url: database.url, applicationName: 'test', max: 2 })
  })
  afterAll(async () => {
    await pool.end()
    await database.close()
  })

  /** A life of one item, and which of its events come late. */
  const live = (steps: readonly Step[]) => {
    const user = new RandomUser(createRandom(1))
    const id = uuidv7()
    const other = uuidv7()
    const events: { event: SynapEvent; late: boolean }[] = [
      user.event('entity.created', id, { type: 'note', title: null, timeZone: null }),
      user.event('entity.created', other, { type: 'note', title: null, timeZone: null }),
      // the tag that others are merged into exists
      user.event('entity.tag_added', other, { tagId: drinks, name: 'drinks' }),
    ].map((event) => ({ event, late: false }))
    for (const [what, tagId, intoId = ''] of steps) {
      const named = { tagId, name: names[tagId] }
      const [kind, late] = [what.replace('late:', ''), what.startsWith('late:')]
      const event =
        kind === 'merge'
          ? user.event('tag.merged', user.userId, { ...named, intoId, intoName: names[intoId] })
          : user.event(kind === 'add' ? 'entity.tag_added' : 'entity.tag_removed', id, named)
      events.push({ event, late })
    }
    return { user, id, events }
  }
  const rowsAfter = async (userId: string, batches: readonly (readonly SynapEvent[])[]) => {
    const done = new Error('rolled back')
    let rows: Record<string, string[]> = {}
    const run = transaction(pool, principal, async (client) => {
      for (const batch of batches) await projectEvents(client, schema, batch)
      rows = await dumpRows(client, schema, [userId])
      throw done
    })
    await run.catch((error: unknown) => {
      if (error !== done) throw error
    })
    return rows
  }

  const lives: [what: string, steps: Step[]][] = [
    [
      'it is put on late',
      [
        ['late:add', tea],
        ['merge', tea, drinks],
      ],
    ],
    [
      'it is put on late, and was there before',
      [
        ['add', tea],
        ['late:add', tea],
        ['merge', tea, drinks],
      ],
    ],
    [
      'it is put on late beside the other',
      [
        ['add', drinks],
        ['late:add', tea],
        ['merge', tea, drinks],
      ],
    ],
    [
      'it is taken off late',
      [
        ['add', tea],
        ['late:remove', tea],
        ['merge', tea, drinks],
      ],
    ],
    [
      'one of both is taken off late',
      [
        ['add', tea],
        ['add', drinks],
        ['late:remove', tea],
        ['merge', tea, drinks],
      ],
    ],
    [
      'the other of both is taken off late',
      [
        ['add', tea],
        ['add', drinks],
        ['late:remove', drinks],
        ['merge', tea, drinks],
      ],
    ],
    [
      'two merges follow',
      [
        ['late:add', tea],
        ['merge', tea, coffee],
        ['merge', coffee, drinks],
      ],
    ],
    [
      'it is taken off between two merges',
      [
        ['add', tea],
        ['merge', tea, coffee],
        ['late:remove', coffee],
        ['merge', coffee, drinks],
      ],
    ],
    [
      'it is taken off before two merges',
      [
        ['add', tea],
        ['late:remove', tea],
        ['merge', tea, coffee],
        ['merge', coffee, drinks],
      ],
    ],
    [
      'it is put on before and taken off between the merges',
      [
        ['late:add', tea],
        ['merge', tea, coffee],
        ['late:remove', coffee],
        ['merge', coffee, drinks],
      ],
    ],
    [
      'whose it is was decided by an event that came late itself',
      [
        ['add', tea],
        ['late:add', coffee],
        ['merge', tea, coffee],
        ['late:remove', tea],
        ['merge', coffee, drinks],
      ],
    ],
    [
      'some come before and some between the merges',
      [
        ['add', tea],
        ['late:add', coffee],
        ['merge', tea, coffee],
        ['late:remove', coffee],
        ['late:add', coffee],
        ['merge', coffee, drinks],
        ['late:add', drinks],
      ],
    ],
  ]
  it.each(lives)('given %s, the rows are those of events in their order', async (_, steps) => {
    const { user, events } = live(steps)
    const inOrder = events.map(({ event }) => [event])
    const [inTime, late] = [events.filter((one) => !one.late), events.filter((one) => one.late)]
    const oneByOne = [...inTime, ...late].map(({ event }) => [event])
    const expected = await rowsAfter(user.userId, inOrder)
    expect(await rowsAfter(user.userId, oneByOne)).toEqual(expected)
    const atOnce = [inTime.map(({ event }) => event), late.map(({ event }) => event)]
    expect(await rowsAfter(user.userId, atOnce)).toEqual(expected)
  })

  it('given nothing that waits, the next merge forgets the ones before it; something that waits keeps them', async () => {
    const { user, id, events } = live([
      ['add', tea],
      ['merge', tea, coffee],
      ['merge', coffee, drinks],
    ])
    const [merged, again] = events.slice(-2).map(({ event }) => event) as [SynapEvent, SynapEvent]
    const before = events.slice(0, -2).map(({ event }) => event)
    const apply = (...some: SynapEvent[]) =>
      transaction(pool, principal, (client) => projectEvents(client, schema, some))
    const kept = async () => {
      const rows = await transaction(pool, principal, (client: Client) =>
        query<{ sequence: number }>(client, {
          text: `select sequence from ${schema}.tag_merges where user_id = $1
            union all select sequence from ${schema}.merged_tags where user_id = $1 order by 1`,
          values: [user.userId],
        }),
      )
      return rows.map(({ sequence }) => sequence)
    }
    const say = (text: string, values: unknown[]) =>
      transaction(pool, principal, (client) => query(client, { text, values }))
    await apply(...before, merged)
    const { sequence } = merged
    expect(await kept()).toEqual([sequence, sequence])

    // an event of this batch is parked as long as it takes: its row may come after the merge
    await say(`insert into ${schema}.user_positions (user_id, seen) values ($1, $2)`, [
      user.userId,
      sequence - 1,
    ])
    await apply({ ...again, sequence: sequence + 1 })
    expect(await kept()).toEqual([sequence, sequence, sequence + 1, sequence + 1])

    await say(
      `insert into ${schema}.parked (user_id, aggregate_id, sequence, version, reason, slot)
        values ($1, $2, $3, 9, 'undecodable', true)`,
      [user.userId, id, sequence],
    )
    await say(`update ${schema}.user_positions set seen = $2 where user_id = $1`, [user.userId, sequence + 1])
    await apply({ ...again, sequence: sequence + 2 })
    // nothing that waits is older than the first
    expect(await kept()).toEqual([sequence + 1, sequence + 1, sequence + 2])

    await apply(user.event('user.erased', user.userId, {}))
    expect(await kept()).toEqual([])
  })
})
