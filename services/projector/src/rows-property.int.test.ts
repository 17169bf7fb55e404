import { eventTypes, type SynapEvent } from '@synap/contracts'
import { uuidv7 } from '@synap/core'
import { type Client, createPool, type Pool, query, transaction } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dumpRows } from '../test/dump.ts'
import { foldDerivedPlainly, randomDerived } from '../test/random-derived.ts'
import { createIds, createRandom, RandomUser } from '../test/random-events.ts'
import { foldPlainly } from '../test/reference.ts'
import { readRows } from '../test/rows.ts'
import {
  countParked,
  drainParked,
  type Partition,
  Projector,
  partitionsOf,
  type World,
} from '../test/turns.ts'
import { projectDerived } from './project-derived.ts'
import { projectEvents } from './project-events.ts'
import { findEntityStates, upsertEntities } from './sql/entities.ts'

const schema = 'read_v1'
const principal = { role: 'synap_projector' }
/** `SYNAP_SEED` repeats a run that failed (it is printed then), `SYNAP_RUNS` asks for more of them. */
const seed = Number(process.env['SYNAP_SEED'] ?? Date.now() % 1_000_000)
const runs = Number(process.env['SYNAP_RUNS'] ?? 15)

describe(`rows after any interleaving (seed ${seed})`, () => {
  const databases: TestDatabase[] = []
  /** Where projectors take turns, and where one event after the other is applied. */
  let live: Pool
  let plain: Pool
  beforeAll(async () => {
    databases.push(await createTestDatabase(['projector']), await createTestDatabase(['projector']))
    const pools = databases.map(({ url }) => createPool({ url, applicationName: 'test', max: 8 }))
    ;[live, plain] = pools as [Pool, Pool]
  })
  afterAll(async () => {
    await Promise.all([live.end(), plain.end()])
    await Promise.all(databases.map((database) => database.close()))
  })

  it(
    'given batches, redeliveries, rebalances and parking of any kind, they are those of a plain fold',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(), async (life) => {
          const random = createRandom(life)
          const world = makeWorld(random)
          const users = [...new Set(world.events.map(({ userId }) => userId))]
          await takeTurns(live, world, random)
          expect(await countParked(live, users)).toBe(0)

          await foldInOrder(plain, world)
          const [rows, expected] = await Promise.all([dump(live, users), dump(plain, users)])
          expect(rows).toEqual(expected)
          await expectModel(live, world, users)
        }),
        { seed, numRuns: runs, endOnFailure: true },
      )
    },
    60_000 + runs * 10_000,
  )

  it('given events once more that no inbox has held back, version and sequence keep them from the rows', async () => {
    const random = createRandom(seed)
    const user = new RandomUser(random)
    const events = Array.from({ length: 80 }, () => user.next())
    const apply = (...some: SynapEvent[]) =>
      transaction(plain, principal, (client) => projectEvents(client, schema, some))
    await apply(...events)
    const rows = await dump(plain, [user.userId])
    const versioned = events.filter(({ aggregateType }) => aggregateType !== 'user')
    for (const event of versioned) await apply(event)
    await apply(...versioned)
    expect(await dump(plain, [user.userId])).toEqual(rows)

    // and a state that was read before somebody else wrote a newer one
    await transaction(plain, principal, async (client) => {
      const states = await findEntityStates(client, schema, user.entities)
      expect(states.size).toBeGreaterThan(0)
      const older = [...states.values()].map((owned) => ({
        ...owned,
        state: { ...owned.state, title: 'of the past', version: owned.state.version - 1 },
      }))
      expect(await upsertEntities(client, schema, older)).toEqual(new Set())
    })
    expect(await dump(plain, [user.userId])).toEqual(rows)
  })

  it('given 200 events of some entities in one batch, each entity is written once, in one statement', async () => {
    const user = new RandomUser(createRandom(seed))
    const ids = Array.from({ length: 10 }, () => uuidv7())
    const events = ids.map((id) =>
      user.event('entity.created', id, { type: 'note', title: 'a', timeZone: null }),
    )
    for (let at = 0; at < 190; at += 1) {
      const title = `title ${at}`
      const id = ids[at % ids.length] ?? ''
      events.push(user.event('entity.title_changed', id, { title, oldTitle: null }))
    }
    await transaction(live, principal, async (client) => {
      const before = await countWritten(client)
      const names: string[] = []
      const counting = new Proxy(client, {
        get: (target, key) => {
          const value: unknown = Reflect.get(target, key)
          if (key !== 'query' || typeof value !== 'function') return value
          return (...given: unknown[]) => {
            names.push((given[0] as { name?: string }).name ?? '')
            return Reflect.apply(value, target, given) as unknown
          }
        },
      })
      await projectEvents(counting, schema, events)
      expect(names.filter((name) => name.endsWith('.upsert_entities'))).toHaveLength(1)
      // states, purges, entities, the searchable documents, and what is not found by meaning yet
      expect(names.length).toBeLessThanOrEqual(7)
      expect((await countWritten(client)) - before).toBe(ids.length)
      expect(
        await query(client, { text: `select 1 from ${schema}.entities where version = 20` }),
      ).not.toEqual([])
    })
  })

  /** Rows of entities that this connection has written and not yet told the statistics about. */
  const countWritten = async (client: Client) => {
    const [row] = await query<{ rows: number }>(client, {
      text: `select (n_tup_ins + n_tup_upd)::int as rows from pg_stat_xact_user_tables
        where schemaname = $1 and relname = 'entities'`,
      values: [schema],
    })
    return row?.rows ?? 0
  }

  const dump = (pool: Pool, users: readonly string[]) =>
    transaction(pool, principal, (client) => dumpRows(client, schema, users))
})

/** Two users' lives and what was derived from them; either may end in an erasure. */
function makeWorld(random: () => number): World {
  const newId = createIds(random)
  const users = [new RandomUser(random, newId), new RandomUser(random, newId)]
  const events = Array.from({ length: 90 }, () => (users[random() < 0.7 ? 0 : 1] as RandomUser).next())
  for (const user of users) if (random() < 0.1) events.push(user.event('user.erased', user.userId, {}))
  const derived = randomDerived(random, events, 40)
  const some = eventTypes.filter((type) => type !== 'entity.created' && random() < 0.08)
  const unknown = new Set<string>(some)
  const topic = { events: `e.${newId()}`, derived: `d.${newId()}` }
  return { topic, events, published: publish(events, random), derived, unknown }
}

/** At least once, and with what must not happen: events that are lost, or come before their time. */
function publish(events: readonly SynapEvent[], random: () => number): SynapEvent[] {
  const published = events.flatMap((event, index) => {
    if (random() < 0.03) return []
    const again = random() < 0.15 ? events[Math.floor(random() * (index + 1))] : undefined
    return again === undefined ? [event] : [event, again]
  })
  for (let at = 1; at < published.length; at += 1) {
    const [before, event] = [published[at - 1], published[at]]
    if (random() < 0.05 && before !== undefined && event !== undefined) {
      published[at - 1] = event
      published[at] = before
    }
  }
  return published
}

/** Two projectors over all partitions until everything is read; who lost a partition may not know it yet. */
async function takeTurns(pool: Pool, world: World, random: () => number): Promise<void> {
  const partitions = partitionsOf(world)
  const projectors = [0, 1].map(() => new Projector(pool, world, partitions)) as [Projector, Projector]
  const owners = new Map<Partition, 0 | 1>()
  // what is derived comes before, after or among the events
  const first = ([undefined, undefined, 'events', 'derived'] as const)[Math.floor(random() * 4)]
  const upTo = (n: number) => Math.floor(random() * n)

  let left: readonly Partition[] = partitions
  for (let round = 0; left.length > 0; round += 1) {
    if (round > 2_000) throw new Error('the projectors do not get to the end')
    const now = left.filter(({ topic }) => topic === first)
    const work = (now.length > 0 ? now : left).flatMap((partition) => {
      let owner = owners.get(partition) ?? 0
      const acts: Promise<unknown>[] = []
      const rebalance = !owners.has(partition) || random() < 0.25
      if (rebalance) owner = owner === 0 ? 1 : 0
      owners.set(partition, owner)
      const [size, again] = [1 + upTo(25), random() < 0.3 ? upTo(10) : 0]
      const stale = { goesOn: random() < 0.4, size: 1 + upTo(25), again: upTo(10) }
      const rereads = random() < 0.02
      const [mine, other] = owner === 0 ? projectors : ([projectors[1], projectors[0]] as const)
      acts.push(
        (async () => {
          if (rebalance) await mine.assign(partition)
          // a topic that was made anew has no owner of the old one
          if (rereads) other.lose(partition)
          if (rereads) await mine.rereadDerived(partition)
          await mine.deliver(partition, size, again)
        })(),
      )
      if (stale.goesOn && !rereads) acts.push(other.deliver(partition, stale.size, stale.again))
      return acts
    })
    await Promise.all(work)
    const ends = await Promise.all(
      left.map(async (partition) => {
        const at = await projectors[owners.get(partition) ?? 0].assign(partition)
        return at < partition.messages.length ? [partition] : []
      }),
    )
    left = ends.flat()
  }
  for (const projector of projectors) await projector.events.checkHeads()
  const upgraded = new Projector(pool, { ...world, unknown: new Set() }, partitions)
  for (const partition of partitions) await upgraded.assign(partition)
  await upgraded.events.checkHeads()
  await drainParked(pool, upgraded, [...new Set(world.events.map(({ userId }) => userId))])
}

/** No batches, no positions, no parking: each event by itself, then each derived record. */
async function foldInOrder(pool: Pool, { events, derived }: World): Promise<void> {
  await transaction(pool, principal, async (client) => {
    for (const event of events) await projectEvents(client, schema, [event])
    for (const record of derived) await projectDerived(client, schema, [record])
  })
}

/** The same once more against folds in memory that share no statement with the projector. */
async function expectModel(pool: Pool, { events, derived }: World, users: readonly SynapEvent['userId'][]) {
  const gone = new Set<string>()
  for (const userId of users) {
    const own = events.filter((event) => event.userId === userId)
    const model = foldPlainly(own)
    for (const id of model.purged) gone.add(id)
    const rows = await transaction(pool, principal, (client) => readRows(client, userId))
    const isErased = model.purged.includes(userId)
    expect(isErased ? { ...rows, purged: [userId] } : rows).toEqual(
      isErased ? { ...model, purged: [userId] } : model,
    )
    const [seen] = await transaction(pool, principal, (client) =>
      query<{ seen: number }>(client, {
        text: `select seen from ${schema}.user_positions where user_id = $1`,
        values: [userId],
      }),
    )
    expect(seen?.seen).toBe(own.length)
  }
  const left = foldDerivedPlainly(derived, ({ userId, entityId }) => gone.has(userId) || gone.has(entityId))
  const vectors = left.flatMap((record) =>
    record.type === 'synap.derived.Embedded'
      ? record.vectors.map(({ chunk }) => placeOf(record, `${record.model}/${chunk}`))
      : [],
  )
  const texts = left.flatMap((record) =>
    record.type === 'synap.derived.Extracted' ? [placeOf(record, record.textKey)] : [],
  )
  const counts = Object.entries(Object.groupBy(vectors, (key) => `${key.slice(0, 36)}/${key.split('/')[5]}`))
  const keys = (text: string) =>
    transaction(pool, principal, async (client) => {
      const rows = await query<{ key: string }>(client, { text, values: [users] })
      return rows.map(({ key }) => key).sort()
    })
  const place = `user_id || '/' || entity_id || '/' || content_sha256 || '/' || producer || '/' || block || '/'`
  const of = (table: string) => `from ${schema}.${table} where user_id = any($1::uuid[])`
  expect(await keys(`select ${place} || model || '/' || chunk as key ${of('entity_vectors')}`)).toEqual(
    vectors.sort(),
  )
  expect(await keys(`select ${place} || text_key as key ${of('entity_texts')}`)).toEqual(texts.sort())
  expect(await keys(`select user_id || '/' || model || ' ' || vectors as key ${of('user_models')}`)).toEqual(
    counts.map(([key, rows]) => `${key} ${rows?.length}`).sort(),
  )
}

function placeOf(
  record: { userId: string; entityId: string; contentHash: string; producer: string; block: number },
  more: string | null,
): string {
  const { userId, entityId, contentHash, producer, block } = record
  return [userId, entityId, contentHash, producer, block, more].join('/')
}
