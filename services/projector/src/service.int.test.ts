import type { DerivedRecord, SynapEvent } from '@synap/contracts'
import { type EntityId, sha256Hex, type UserId, uuidv7 } from '@synap/core'
import { transaction } from '@synap/postgres'
import type { TestService } from '@synap/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { embedded, extracted, type Subject } from '../test/derived-records.ts'
import { createLine, type Line } from '../test/line.ts'
import { createRandom, RandomUser } from '../test/random-events.ts'
import { foldPlainly } from '../test/reference.ts'
import { readRows } from '../test/rows.ts'

/** Everything that a redelivery or a crash must not change: all but the clock's own columns. */
const account = [
  'entity_lexemes',
  'entity_texts',
  'entity_vectors',
  'user_models',
  'entity_tags',
  'task_details',
]
  .map((table) => {
    const row = `(to_jsonb(t) - 'indexed_at' - 'added_in')::text`
    return `select '${table}', count(*), md5(coalesce(string_agg(${row}, '|' order by ${row}), '')) from read_v1.${table} t`
  })
  .join(' union all ')

describe('projector', () => {
  let line: Line
  let service: TestService | undefined
  beforeAll(async () => {
    line = await createLine()
  })
  afterAll(() => line.close())
  afterEach(async () => {
    await service?.stop()
  })

  const start = async (env: Record<string, string> = {}) => {
    service = await line.start(env)
    return service
  }
  const rowsOf = (userId: UserId) =>
    transaction(line.pool, { role: 'synap_projector' }, (client) => readRows(client, userId))
  const recordOf = (read: ReturnType<typeof extracted>): DerivedRecord => {
    if (read.change.kind !== 'record') throw new TypeError('not a record')
    return read.change.record
  }
  const query = (sql: string) => line.database.superuserSql(sql)

  /** Some events of a user, and derived records of the first entities, their texts in the store. */
  const makeHistory = async (seed: number, length = 80) => {
    const user = new RandomUser(createRandom(seed))
    const events: SynapEvent[] = Array.from({ length }, () => user.next())
    const derived: DerivedRecord[] = []
    for (const [index, entityId] of user.entities.slice(0, 5).entries()) {
      const subject: Subject = {
        userId: user.userId,
        entityId: entityId as EntityId,
        contentHash: sha256Hex(entityId),
      }
      const text = recordOf(extracted(subject, `wallaby number ${index}`))
      if ('textKey' in text && text.textKey !== null) {
        await line.store.put(text.textKey, Buffer.from(`wallaby ${index}`), { contentType: 'text/plain' })
      }
      derived.push(text, recordOf(embedded(subject, [0, 1, 2])))
    }
    return { user, events, derived }
  }
  type Made = Awaited<ReturnType<typeof makeHistory>>
  const publish = async ({ events, derived }: Made) => {
    await line.publish('derived', derived.map(line.derivedMessage))
    await line.publish('events', events.map(line.eventMessage))
  }

  it('given events and derived records, the read model is their fold; read again from the start nothing changes', async () => {
    const made = [await makeHistory(1), await makeHistory(2)]
    for (const one of made) await publish(one)
    const first = await start()
    await first.waitReady()
    await line.drained()
    for (const { user, events } of made) expect(await rowsOf(user.userId)).toEqual(foldPlainly(events))
    expect(await query('select count(*) > 0 from read_v1.entity_vectors;')).toEqual(['t'])
    expect(await query(`select count(*) > 0 from read_v1.entity_texts where lexemes @@ 'wallaby';`)).toEqual([
      't',
    ])
    expect((await first.stop()).code).toBe(0)

    const before = await query(`${account};`)
    await query('update read_v1.positions set next_offset = 0, event_id = null;')
    await (await start()).waitReady()
    await line.drained()
    expect(await query(`${account};`)).toEqual(before)
    for (const { user, events } of made) expect(await rowsOf(user.userId)).toEqual(foldPlainly(events))
  })

  it.each(['projector.before_commit:2', 'projector.after_commit:2'])(
    'given SIGKILL at %s, it goes on where its rows are',
    async (point) => {
      const made = [await makeHistory(3, 60), await makeHistory(4, 60), await makeHistory(5, 60)]
      const doomed = await start({ SYNAP_CRASHPOINT: point })
      await doomed.waitReady()
      for (const one of made) await publish(one)
      expect((await doomed.exited).signal).toBe('SIGKILL')
      await (await start()).waitReady()
      await line.drained()
      for (const { user, events } of made) expect(await rowsOf(user.userId)).toEqual(foldPlainly(events))
      const twice = `select m.user_id, m.model from read_v1.user_models m where m.vectors <>
        (select count(*) from read_v1.entity_vectors v where v.user_id = m.user_id and v.model = m.model);`
      expect(await query(twice)).toEqual([])
    },
  )

  it('given poison on both topics, each is parked once with its reason, and its neighbours are applied', async () => {
    const { user, events, derived } = await makeHistory(6, 20)
    const [first] = events
    const [text] = derived
    if (first === undefined || text === undefined) throw new Error('no history')
    const good = line.derivedMessage(text)
    const stranger = uuidv7() as UserId
    const forged = { ...text, textKey: `users/${stranger}/derived/x.txt`, block: 0 } as DerivedRecord
    const vectors = recordOf(
      embedded({ userId: user.userId, entityId: uuidv7() as EntityId, contentHash: text.contentHash }, [0]),
    )
    const poison = [
      { ...good, value: Buffer.from([0]) },
      { ...good, value: Buffer.concat([good.value as Buffer, Buffer.from([1])]) },
      { ...good, key: `${good.key}/more` },
      { ...line.derivedMessage(vectors), key: good.key },
      line.derivedMessage(forged),
      line.derivedMessage({ ...vectors, dimensions: 3 } as DerivedRecord),
      line.derivedMessage({ ...vectors, block: 1, blockCount: 1 }),
    ]
    const running = await start()
    await running.waitReady()
    await line.publish('derived', [...poison, ...derived.map(line.derivedMessage)])
    const bomb = { ...line.eventMessage(first), value: Buffer.from([0, 0, 0, 0, 1, 255, 255, 255, 255]) }
    await line.publish('events', [{ ...bomb, headers: {} }, ...events.map(line.eventMessage)])
    await line.drained()
    expect(await rowsOf(user.userId)).toEqual(foldPlainly(events))
    const parked = await query(
      `select reason, detail from read_v1.parked where topic like '%derived%' order by record_offset;`,
    )
    expect(parked.map((row) => row.split('|')[0])).toEqual(poison.map(() => 'undecodable'))
    expect(parked.map((row) => row.split('|')[1]?.replace(/[:].*/, ''))).toEqual([
      'frame',
      'trailing_bytes',
      'key',
      'key and record disagree on entityId',
      'textKey',
      'dimensions',
      'block',
    ])
    expect(
      await query(
        `select reason, slot from read_v1.parked where topic like '%events%' and key = '${user.userId}';`,
      ),
    ).toEqual(['headers_unusable|f'])
    const count = `select count(*) from read_v1.entity_texts where user_id = '${user.userId}';`
    expect(Number((await query(count))[0])).toBeGreaterThan(0)
    // What was parked is parked once, also when it is delivered again.
    await running.stop()
    const before = await query('select count(*) from read_v1.parked;')
    await query('update read_v1.positions set next_offset = 0, event_id = null;')
    await (await start()).waitReady()
    await line.drained()
    expect(await query('select count(*) from read_v1.parked;')).toEqual(before)
  })

  it('given a text object that is missing, the item is found by its vectors and preview all the same', async () => {
    const { user, events, derived } = await makeHistory(7, 10)
    const [text] = derived
    if (text === undefined) throw new Error('no history')
    const other = { ...text, textKey: `users/${user.userId}/derived/nowhere.txt` } as DerivedRecord
    await (await start()).waitReady()
    await line.publish('events', events.map(line.eventMessage))
    await line.publish('derived', [line.derivedMessage(other)])
    await line.drained()
    expect(
      await query(
        `select lexemes is null, text_key is null from read_v1.entity_texts where user_id = '${user.userId}';`,
      ),
    ).toEqual(['t|f'])
  })
})
