import { randomUUID } from 'node:crypto'
import type { TestService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, type Answer, call, createIngestStack, type IngestStack } from '../test/ingest-stack.ts'

let stack: IngestStack
let ingest: TestService
let ana: Account
let ben: Account

beforeAll(async () => {
  stack = await createIngestStack(['ingest', 'events-writer'])
  ana = await stack.createAccount()
  ben = await stack.createAccount()
  ingest = await stack.start()
  await ingest.waitReady()
}, 300_000)

afterAll(() => stack?.close())

interface Sent {
  body?: unknown
  account?: Account
  ifMatch?: number
  idempotencyKey?: string
}

const send = (method: string, path: string, { body, account = ana, ifMatch, idempotencyKey }: Sent = {}) =>
  call(ingest, path, {
    method,
    key: account.key,
    ...(body === undefined ? {} : { body }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(ifMatch === undefined ? {} : { headers: { 'if-match': `"${ifMatch}"` } }),
  })

async function captured(body: object = { type: 'note', title: 'a note' }, account = ana): Promise<string> {
  const answer = await send('POST', '/v1/entities', { body, account })
  expect(answer.status).toBe(201)
  return String(answer.body['id'])
}

/** Types of the events of an aggregate, oldest first. */
const typesOf = (id: string) =>
  stack.database.superuserSql(
    `select event_type from write.outbox where aggregate_id = '${id}' order by version`,
  )

const eventIdOf = async (id: string, type: string) =>
  (
    await stack.database.superuserSql(
      `select event_id from write.outbox where aggregate_id = '${id}' and event_type = '${type}' order by version desc limit 1`,
    )
  )[0]

const stateOf = async (id: string) =>
  JSON.parse(
    (await stack.database.superuserSql(`select state from write.streams where aggregate_id = '${id}'`))[0] ??
      'null',
  )

const times = <T>(n: number, work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: n }, (_, index) => work(index)))

const countStatuses = (answers: readonly Answer[]) => {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

describe('PATCH /v1/entities/{id}', () => {
  it('given several fields, each that differs is one event, and the answer has the version as ETag', async () => {
    const id = await captured()
    const answer = await send('PATCH', `/v1/entities/${id}`, {
      body: {
        title: 'a task',
        type: 'task',
        task: { status: 'in_progress', due: '2026-12-24' },
        metadata: { a: 1 },
      },
      ifMatch: 1,
    })
    expect(answer).toMatchObject({ status: 200, body: { id, version: 6 } })
    expect(answer.headers.get('etag')).toBe('"6"')
    expect(await typesOf(id)).toEqual([
      'entity.created',
      'entity.type_changed',
      'entity.title_changed',
      'task.due_date_set',
      'task.status_changed',
      'entity.updated',
    ])
    expect(await stateOf(id)).toMatchObject({ title: 'a task', metadata: { a: 1 } })
  })

  it('given nothing that differs, nothing is written and the answer is the current version', async () => {
    const id = await captured()
    const answer = await send('PATCH', `/v1/entities/${id}`, { body: { title: 'a note' } })
    expect(answer).toMatchObject({ status: 200, body: { id, version: 1 } })
    expect(await typesOf(id)).toEqual(['entity.created'])
  })

  it('given null for a key of the metadata, it is gone; given the same request again, it is one change', async () => {
    const id = await captured({ type: 'note', title: 'x', metadata: { keep: 1, drop: 2 } })
    const patch = () =>
      send('PATCH', `/v1/entities/${id}`, {
        body: { metadata: { drop: null } },
        idempotencyKey: `patch-${id}`,
      })
    const first = await patch()
    const again = await patch()
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.body).toEqual(first.body)
    expect((await stateOf(id)).metadata).toEqual({ keep: 1 })
    expect(await typesOf(id)).toHaveLength(3)
  })

  it.each([
    { what: 'a field that is unknown', body: { userId: randomUUID() }, status: 400 },
    { what: 'a version', body: { version: 3 }, status: 400 },
    { what: 'particulars of a task for a note', body: { task: { status: 'done' } }, status: 422 },
    { what: 'no title, where nothing would be left', body: { title: null }, status: 422 },
  ])('given $what, it is refused', async ({ body, status }) => {
    const id = await captured()
    expect((await send('PATCH', `/v1/entities/${id}`, { body })).status).toBe(status)
    expect(await typesOf(id)).toEqual(['entity.created'])
  })

  it('given 20 changes at once with the same If-Match, one wins and the others hear the current version', async () => {
    const id = await captured()
    const answers = await times(20, (index) =>
      send('PATCH', `/v1/entities/${id}`, { body: { title: `title ${index}` }, ifMatch: 1 }),
    )
    expect(countStatuses(answers)).toEqual({ 200: 1, 412: 19 })
    for (const { status, body, headers } of answers) {
      if (status !== 412) continue
      expect(body).toMatchObject({ currentVersion: 2 })
      expect(headers.get('etag')).toBe('"2"')
    }
    expect(await typesOf(id)).toEqual(['entity.created', 'entity.title_changed'])
  })

  it('given 20 changes at once without If-Match, each is decided on what is there, and all have an effect', async () => {
    const id = await captured()
    const answers = await times(20, (index) =>
      send('PATCH', `/v1/entities/${id}`, { body: { metadata: { [`k${index}`]: index } } }),
    )
    // Five decisions each: who always comes second is told that it was changed at the same time.
    const done = answers.filter(({ status }) => status === 200).length
    expect(countStatuses(answers)).toEqual(done === 20 ? { 200: 20 } : { 200: done, 409: 20 - done })
    expect(Object.keys((await stateOf(id)).metadata)).toHaveLength(done)
  })
})

describe('delete, restore, purge', () => {
  it('given a deletion, changes are refused until it is restored; a purge ends it for good', async () => {
    const id = await captured({ type: 'note', title: 'gone', content: 'gone' })
    expect((await send('DELETE', `/v1/entities/${id}`, { ifMatch: 2 })).status).toBe(200)
    expect(await send('PATCH', `/v1/entities/${id}`, { body: { title: 'x' } })).toMatchObject({
      status: 422,
      body: { code: 'entity.deleted' },
    })
    expect(await send('POST', `/v1/entities/${id}:restore`)).toMatchObject({
      status: 200,
      body: { version: 4 },
    })
    expect(await send('POST', `/v1/entities/${id}:restore`)).toMatchObject({
      status: 422,
      body: { code: 'entity.not_deleted' },
    })
    expect((await send('POST', `/v1/entities/${id}:purge`)).status).toBe(200)
    for (const verb of ['restore', 'purge', 'enrich']) {
      expect((await send('POST', `/v1/entities/${id}:${verb}`)).status).toBe(404)
    }
    expect(await typesOf(id)).toEqual([
      'entity.created',
      'entity.file_uploaded',
      'entity.deleted',
      'entity.restored',
      'entity.purged',
    ])
  })
})

describe('tags', () => {
  const tagOf = async (name: string, account = ana) =>
    (
      await stack.database.superuserSql(
        `select tag_id from write.tags where user_id = '${account.userId}' and normalized = '${name}'`,
      )
    )[0] ?? ''

  it('given a name, it is put on once whatever its spelling, and taken off', async () => {
    const id = await captured()
    const put = (name: string) => send('PUT', `/v1/entities/${id}/tags/${encodeURIComponent(name)}`)
    expect((await put('Garden Work')).body).toMatchObject({ version: 2 })
    expect((await put(' garden  work ')).body).toMatchObject({ version: 2 })
    expect((await send('DELETE', `/v1/entities/${id}/tags/GARDEN%20WORK`)).body).toMatchObject({ version: 3 })
    expect(await send('DELETE', `/v1/entities/${id}/tags/garden%20work`)).toMatchObject({
      status: 404,
      body: { code: 'entity.tag_not_found' },
    })
  })

  it('given a new name, the tag is the same one; the old name becomes another tag', async () => {
    const carl = await stack.createAccount()
    const id = await captured({ type: 'note', title: 'x', tags: ['work'] }, carl)
    const work = await tagOf('work', carl)
    const rename = await send('PATCH', `/v1/tags/${work}`, {
      body: { name: 'Job', color: '#00ff00' },
      account: carl,
    })
    expect(rename).toMatchObject({ status: 200, body: { id: carl.userId, version: 2 } })
    expect(await tagOf('job', carl)).toBe(work)
    // Under its new name it is on the item already, under the old one it is a new tag.
    const put = (name: string) => send('PUT', `/v1/entities/${id}/tags/${name}`, { account: carl })
    expect((await put('job')).body).toMatchObject({ version: 2 })
    expect((await put('work')).body).toMatchObject({ version: 3 })
    expect(await tagOf('work', carl)).not.toBe(work)
    const second = await captured({ type: 'note', title: 'y', tags: ['work', 'job'] }, carl)
    expect((await stateOf(second)).tags.map(({ id: tag }: { id: string }) => tag).sort()).toEqual(
      [work, await tagOf('work', carl)].sort(),
    )
    expect(await send('PATCH', `/v1/tags/${work}`, { body: { name: 'WORK' }, account: carl })).toMatchObject({
      status: 422,
      body: { code: 'tag.name_taken' },
    })
  })

  it('given a merger, what is captured with the old name gets the other tag, which may take the name', async () => {
    const dora = await stack.createAccount()
    await captured({ type: 'note', title: 'x', tags: ['shop', 'errand'] }, dora)
    const [shop, errand] = [await tagOf('shop', dora), await tagOf('errand', dora)]
    const merge = (from: string, into: string) =>
      send('POST', `/v1/tags/${from}:merge`, { body: { into }, account: dora })
    expect((await merge(shop, errand)).status).toBe(200)
    expect(await merge(shop, errand)).toMatchObject({ status: 404, body: { code: 'tag.not_found' } })
    const second = await captured({ type: 'note', title: 'y', tags: ['Shop'] }, dora)
    expect((await stateOf(second)).tags).toMatchObject([{ id: errand, name: 'errand' }])
    const rename = await send('PATCH', `/v1/tags/${errand}`, { body: { name: 'shop' }, account: dora })
    expect(rename.status).toBe(200)
    const third = await captured({ type: 'note', title: 'z', tags: ['shop', 'errand'] }, dora)
    const tags: { id: string; name: string }[] = (await stateOf(third)).tags
    expect(tags.find(({ name }) => name === 'shop')?.id).toBe(errand)
    expect(tags.find(({ name }) => name === 'errand')?.id).not.toBe(errand)
    // Its id is never given to anything else.
    await send('PATCH', `/v1/tags/${errand}`, { body: { name: 'errands' }, account: dora })
    const fourth = await captured({ type: 'note', title: 'w', tags: ['shop'] }, dora)
    expect([shop, errand]).not.toContain((await stateOf(fourth)).tags[0].id)
  })

  it('given two renames to one name at once, one of them has it', async () => {
    const emil = await stack.createAccount()
    await captured({ type: 'note', title: 'x', tags: ['one', 'two'] }, emil)
    const answers = await Promise.all(
      ['one', 'two'].map(async (name) =>
        send('PATCH', `/v1/tags/${await tagOf(name, emil)}`, { body: { name: 'three' }, account: emil }),
      ),
    )
    expect(countStatuses(answers)).toEqual({ 200: 1, 422: 1 })
  })

  it('given a rename at the same moment as a capture with the new name, there is one tag of that name', async () => {
    const fay = await stack.createAccount()
    for (let round = 0; round < 10; round += 1) {
      await captured({ type: 'note', title: 'x', tags: [`old ${round}`] }, fay)
      const id = await tagOf(`old ${round}`, fay)
      const [rename, note] = await Promise.all([
        send('PATCH', `/v1/tags/${id}`, { body: { name: `new ${round}` }, account: fay }),
        captured({ type: 'note', title: 'y', tags: [`new ${round}`] }, fay),
      ])
      const holder = await tagOf(`new ${round}`, fay)
      expect((await stateOf(note)).tags).toMatchObject([{ id: holder }])
      expect([200, 422]).toContain(rename.status)
      expect(holder === id).toBe(rename.status === 200)
    }
  })
})

describe('relations', () => {
  it('given two entities, they are connected once, and not to what is gone or another user’s', async () => {
    const [a, b] = [await captured(), await captured()]
    const foreign = await captured({ type: 'note', title: 'ben’s' }, ben)
    const connect = (source: string, target: string, type = 'blocks') =>
      send('POST', '/v1/relations', { body: { type, source, target } })
    const made = await connect(a, b)
    expect(made).toMatchObject({ status: 201, body: { version: 1 } })
    const id = String(made.body['id'])
    expect(made.headers.get('location')).toBe(`/v1/relations/${id}`)
    expect(await connect(a, b)).toMatchObject({ status: 422, body: { code: 'relation.exists' } })
    const toForeign = await connect(a, foreign)
    const toNothing = await connect(a, randomUUID())
    expect(toForeign).toMatchObject({ status: 422, body: { code: 'relation.end_not_found' } })
    expect(toForeign.body['detail']).toBe(toNothing.body['detail'])
    expect(await connect(a, a)).toMatchObject({ status: 422, body: { code: 'relation.to_itself' } })
    expect((await send('DELETE', `/v1/relations/${id}`, { account: ben })).status).toBe(404)
    expect((await send('DELETE', `/v1/relations/${id}`)).body).toMatchObject({ id, version: 2 })
    expect((await send('DELETE', `/v1/relations/${id}`)).status).toBe(404)
    expect(await connect(a, b)).toMatchObject({ status: 201, body: { id, version: 3 } })
  })

  it('given an end that is deleted at the same moment, there is never a relation to it made after', async () => {
    for (let round = 0; round < 10; round += 1) {
      const [a, b] = [await captured(), await captured()]
      const [made] = await Promise.all([
        send('POST', '/v1/relations', { body: { type: 'contains', source: a, target: b } }),
        send('DELETE', `/v1/entities/${b}`),
      ])
      const order = await stack.database.superuserSql(
        `select event_type from write.outbox
          where event_type in ('relation.created', 'entity.deleted')
            and aggregate_id in ('${b}', '${made.status === 201 ? String(made.body['id']) : randomUUID()}') order by sequence`,
      )
      expect(order).toEqual(made.status === 201 ? ['relation.created', 'entity.deleted'] : ['entity.deleted'])
    }
  })
})

describe('undo', () => {
  it('given a change, it is taken back; the undo of the undo brings it again', async () => {
    const id = await captured()
    await send('PATCH', `/v1/entities/${id}`, { body: { title: 'changed' } })
    const undo = (event: string | undefined) => send('POST', `/v1/entities/${id}:undo`, { body: { event } })
    expect((await undo(await eventIdOf(id, 'entity.title_changed'))).body).toMatchObject({ version: 3 })
    expect((await stateOf(id)).title).toBe('a note')
    expect((await undo(await eventIdOf(id, 'entity.title_changed'))).status).toBe(200)
    expect((await stateOf(id)).title).toBe('changed')
  })

  it('given something later that stands on it, it is refused and says what', async () => {
    const id = await captured()
    await send('PATCH', `/v1/entities/${id}`, { body: { title: 'second' } })
    const event = await eventIdOf(id, 'entity.title_changed')
    await send('PATCH', `/v1/entities/${id}`, { body: { title: 'third' } })
    const later = await eventIdOf(id, 'entity.title_changed')
    const answer = await send('POST', `/v1/entities/${id}:undo`, { body: { event } })
    expect(answer).toMatchObject({ status: 422, body: { code: 'undo.conflict' } })
    expect(answer.body['detail']).toContain(later)
  })

  it('given an undo and a change of the same thing at once, the undo comes first, or is refused by what came', async () => {
    for (let round = 0; round < 10; round += 1) {
      const id = await captured()
      await send('PATCH', `/v1/entities/${id}`, { body: { title: 'second' } })
      const event = await eventIdOf(id, 'entity.title_changed')
      const [undone, changed] = await Promise.all([
        send('POST', `/v1/entities/${id}:undo`, { body: { event } }),
        send('PATCH', `/v1/entities/${id}`, { body: { title: 'third' } }),
      ])
      expect(changed.status).toBe(200)
      if (undone.status === 200) {
        expect([undone.body['version'], changed.body['version']]).toEqual([3, 4])
      } else {
        expect([undone.status, undone.body['code']]).toEqual([422, 'undo.conflict'])
        expect(changed.body['version']).toBe(3)
      }
      expect((await stateOf(id)).title).toBe('third')
    }
  })

  it('given twenty undos of one event at once, it is taken back once', async () => {
    const id = await captured()
    await send('PATCH', `/v1/entities/${id}`, { body: { title: 'second' } })
    const event = await eventIdOf(id, 'entity.title_changed')
    const answers = await times(20, () => send('POST', `/v1/entities/${id}:undo`, { body: { event } }))
    expect((await stateOf(id)).title).toBe('a note')
    expect(await typesOf(id)).toEqual(['entity.created', 'entity.title_changed', 'entity.title_changed'])
    expect(answers.filter(({ status }) => status !== 200 && status !== 422)).toEqual([])
  })

  it('given an event of another aggregate or user, it is not found', async () => {
    const id = await captured()
    const other = await captured()
    const event = await eventIdOf(other, 'entity.created')
    expect((await send('POST', `/v1/entities/${id}:undo`, { body: { event } })).status).toBe(404)
    expect((await send('POST', `/v1/entities/${other}:undo`, { body: { event }, account: ben })).status).toBe(
      404,
    )
    expect((await send('POST', `/v1/entities/${other}:undo`, { body: { event } })).status).toBe(200)
    expect(await typesOf(other)).toEqual(['entity.created', 'entity.deleted'])
  })

  it('given a relation, a renamed tag or a setting, each is taken back where it belongs', async () => {
    const gil = await stack.createAccount()
    const ends = [
      await captured(undefined, gil),
      await captured({ type: 'note', title: 'y', tags: ['left'] }, gil),
    ]
    const made = await send('POST', '/v1/relations', {
      body: { type: 'mentions', source: ends[0], target: ends[1] },
      account: gil,
    })
    const relation = String(made.body['id'])
    const undo = (path: string, event: string | undefined) =>
      send('POST', `${path}:undo`, { body: { event }, account: gil })
    expect(
      (await undo(`/v1/relations/${relation}`, await eventIdOf(relation, 'relation.created'))).status,
    ).toBe(200)
    expect((await stateOf(relation)).deleted).toBe(true)

    const [tag = ''] = await stack.database.superuserSql(
      `select tag_id from write.tags where user_id = '${gil.userId}' and normalized = 'left'`,
    )
    await send('PATCH', `/v1/tags/${tag}`, { body: { name: 'right' }, account: gil })
    await send('PATCH', '/v1/me', { body: { timeZone: 'Europe/Berlin' }, account: gil })
    expect((await undo('/v1/me', await eventIdOf(gil.userId, 'user.settings_changed'))).status).toBe(200)
    expect((await undo('/v1/me', await eventIdOf(gil.userId, 'tag.renamed'))).status).toBe(200)
    expect(await stateOf(gil.userId)).toMatchObject({ timeZone: null })
    expect(
      await stack.database.superuserSql(`select normalized from write.tags where tag_id = '${tag}'`),
    ).toEqual(['left'])
  })
})

describe('suggestions and :enrich', () => {
  const analysis = {
    title: { value: 'Proposed', confidence: 0.4 },
    tags: [{ name: 'proposed', confidence: 0.4 }],
  }

  it('given proposals, one is taken as the person’s own, one is never proposed again', async () => {
    const id = await captured({ type: 'note', content: 'text' })
    const state = await stateOf(id)
    const record = await send('POST', `/v1/entities/${id}/analyses`, {
      body: {
        analysisId: randomUUID(),
        contentHash: state.content.sha256,
        enricherVersion: '1',
        run: 0,
        basedOnVersion: state.version,
        model: 'a model',
        promptVersion: '1',
        offline: true,
        outcome: 'completed',
        result: analysis,
      },
    })
    expect(record.status).toBe(200)
    const open: { field: string }[] = (await stateOf(id)).suggestions
    expect(open.map(({ field }) => field).sort()).toEqual(['tag', 'title'])
    expect((await send('POST', `/v1/entities/${id}/suggestions/tag:accept`)).status).toBe(200)
    const reject = await send('POST', `/v1/entities/${id}/suggestions/title:reject`, {
      body: { value: 'Proposed' },
    })
    expect(reject.status).toBe(200)
    expect(await stateOf(id)).toMatchObject({
      title: null,
      tags: [{ name: 'proposed', provenance: { by: 'user' } }],
      suggestions: [],
      rejected: [{ field: 'title' }],
    })
    expect((await send('POST', `/v1/entities/${id}/suggestions/title:accept`)).status).toBe(404)
    expect((await send('POST', `/v1/entities/${id}/suggestions/colour:accept`)).status).toBe(400)
  })

  it('given :enrich, one more run of the analysis is asked for, and the entity keeps its version', async () => {
    const id = await captured({ type: 'note', content: 'read me again' })
    const ask = () => send('POST', `/v1/entities/${id}:enrich`)
    expect(await ask()).toMatchObject({ status: 202, body: { id, version: 2 } })
    expect((await ask()).status).toBe(202)
    const runs = await stack.database.superuserSql(
      `select state ->> 'run' from write.streams where aggregate_type = 'analysis' and state ->> 'entityId' = '${id}'`,
    )
    expect(runs).toEqual(['2'])
  })
})

describe('PATCH /v1/me', () => {
  it('given a zone and a language, they are the user’s; given what is none, it is refused', async () => {
    const me = (body: object) => send('PATCH', '/v1/me', { body, account: ben })
    expect((await me({})).body).toMatchObject({ id: ben.userId, version: 0 })
    expect((await me({ timeZone: 'Europe/Berlin', language: 'de-AT' })).body).toMatchObject({ version: 1 })
    expect((await me({ timeZone: 'Mars/Olympus' })).status).toBe(400)
    expect((await me({ language: 'not a language' })).status).toBe(400)
    expect(await stateOf(ben.userId)).toMatchObject({ timeZone: 'Europe/Berlin', language: 'de-AT' })
  })
})
