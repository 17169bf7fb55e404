import { readFileSync } from 'node:fs'
import { type AnalysisId, sha256Hex, type TagId, type UserId, uuidv7 } from '@synap/core'
import { inboxDdl, parkedDdl } from '@synap/inbox'
import { silentLogger } from '@synap/messaging'
import { createPool, type Pool, query, transaction } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHistory, type History, newEntity } from '../test/events.ts'
import { applyEvents } from './apply-events.ts'
import { inTransaction } from './database.ts'
import { analysisIdOf } from './fold-events.ts'
import { findLeasedJob, finishJob, holdJob, leaseJobs } from './sql/lease-jobs.ts'
import { finishStep } from './sql/steps.ts'
import { findTimeZone, findVocabulary } from './sql/users.ts'

let database: TestDatabase
let pool: Pool
beforeAll(async () => {
  database = await createTestDatabase(['enricher'])
  pool = createPool({ url: database.url, applicationName: 'jobs-test' })
}, 120_000)
afterAll(async () => {
  await pool?.end()
  await database?.close()
})

type Placed = ReturnType<History['event']>
const apply = (...events: Placed[]) =>
  inTransaction(pool, (client) => applyEvents(client, events, silentLogger))
const jobsOf = (userId: UserId) =>
  inTransaction(pool, (client) =>
    query<{
      job_id: string
      state: string
      content_hash: string
      run: number
      based_on_version: number
      outcome: string | null
    }>(client, {
      text: `select job_id, state, content_hash, run, based_on_version, outcome from enrich.jobs where user_id = $1::uuid
             order by created_at, job_id`,
      values: [userId],
    }),
  )
const stepsOf = (jobId: string) =>
  inTransaction(pool, (client) =>
    query<{ step: string; state: string }>(client, {
      text: 'select step, state from enrich.steps where job_id = $1::uuid order by ord',
      values: [jobId],
    }),
  )
const statusOf = (userId: UserId, entityId: string) =>
  transaction(pool, { role: 'synap_query', userId }, (client) =>
    query<{ step: string; state: string; content_hash: string }>(client, {
      text: 'select * from enrich.item_status($1::uuid)',
      values: [entityId],
    }),
  )
const lease = (owner: string, limit = 100, perUser = 100, leaseMs = 60_000) =>
  inTransaction(pool, (client) => leaseJobs(client, { owner, limit, perUser, leaseMs, background: 8 }))
const finish = async (jobId: string, outcome = 'recorded') =>
  inTransaction(pool, async (client) => {
    for (const { step } of await stepsInside(client, jobId)) await finishStep(client, jobId, step, 'done', {})
    await finishJob(client, jobId, outcome === 'superseded' ? 'superseded' : 'done', outcome)
  })
const stepsInside = (client: Parameters<typeof finishStep>[0], jobId: string) =>
  query<{ step: Parameters<typeof finishStep>[2] }>(client, {
    text: 'select step from enrich.steps where job_id = $1::uuid',
    values: [jobId],
  })

describe('the tables', () => {
  it('given the inbox library, when its tables are compared with our migration, then they are the same', () => {
    const migration = readFileSync(new URL('../migrations/0001_inbox.sql', import.meta.url), 'utf8')
    expect(migration).toBe(inboxDdl('enrich'))
    const parked = readFileSync(new URL('../migrations/0004_parked.sql', import.meta.url), 'utf8')
    expect(parked).toBe(parkedDdl('enrich'))
  })
})

describe('jobs from events', () => {
  it('given a capture, when applied, then there is a job with seven steps, once, also when it comes again', async () => {
    const { userId, created, uploaded } = createHistory()
    const id = newEntity()
    const events = [created(id, 'Milk'), uploaded(id, 'Buy milk')]
    await apply(...events)
    await apply(...events)
    const jobs = await jobsOf(userId)
    expect(jobs).toMatchObject([{ state: 'open', content_hash: sha256Hex('Buy milk'), based_on_version: 2 }])
    expect(await stepsOf(jobs[0]?.job_id ?? '')).toEqual(
      ['download', 'extract', 'publish_text', 'analyse', 'record', 'embed', 'publish'].map((step) => ({
        step,
        state: 'pending',
      })),
    )
  })

  it('given the content comes a batch later, when applied, then the job for the title is superseded', async () => {
    const { userId, created, uploaded } = createHistory()
    const id = newEntity()
    await apply(created(id, 'Milk'))
    const [titled] = await jobsOf(userId)
    expect(
      (await stepsOf(titled?.job_id ?? ''))
        .filter(({ state }) => state === 'pending')
        .map(({ step }) => step),
    ).toEqual(['extract', 'analyse', 'record', 'embed', 'publish'])
    expect(await lease(uuidv7())).not.toContain(titled?.job_id)
    await apply(uploaded(id, 'Buy milk'))
    expect((await jobsOf(userId)).map(({ state }) => state)).toEqual(['superseded', 'open'])
  })

  it('given content that becomes current again, when applied, then its job opens at record only', async () => {
    const { userId, created, uploaded } = createHistory()
    const id = newEntity()
    await apply(created(id), uploaded(id, 'one'))
    const [first] = await jobsOf(userId)
    await finish(first?.job_id ?? '', 'superseded')
    await apply(uploaded(id, 'two'))
    await apply(uploaded(id, 'one'))
    const jobs = await jobsOf(userId)
    expect(jobs).toMatchObject([
      { state: 'open', content_hash: sha256Hex('one'), based_on_version: 4 },
      { state: 'superseded', content_hash: sha256Hex('two') },
    ])
    expect((await stepsOf(first?.job_id ?? '')).filter(({ state }) => state === 'pending')).toEqual([
      { step: 'record', state: 'pending' },
    ])
  })

  it('given a deletion and a restoration, when applied, then the job ends and goes on; a finished one stays', async () => {
    const { userId, created, uploaded, event } = createHistory()
    const [open, done] = [newEntity(), newEntity()]
    await apply(created(open), uploaded(open, 'a'), created(done), uploaded(done, 'b'))
    const [first, second] = await jobsOf(userId)
    await finish(second?.job_id ?? '')
    await apply(event('entity.deleted', open, {}), event('entity.deleted', done, {}))
    expect((await jobsOf(userId)).map(({ state }) => state)).toEqual(['cancelled', 'done'])
    await apply(event('entity.restored', open, {}), event('entity.restored', done, {}))
    expect((await jobsOf(userId)).map(({ state }) => state)).toEqual(['open', 'done'])
    expect(first?.state).toBe('open')
  })

  it('given a run that a person asks for, when applied, then it is a job of its own on the same content', async () => {
    const { userId, created, uploaded, event } = createHistory()
    const id = newEntity()
    const contentHash = sha256Hex('a')
    const request = (hash: string, run: number) =>
      event('ai.analysis_requested', analysisIdOf(id, hash, '1'), {
        entityId: id,
        contentHash: hash,
        enricherVersion: '1',
        run,
      })
    await apply(created(id), uploaded(id, 'a'))
    await apply(request(contentHash, 1), request(sha256Hex('unknown'), 2))
    expect((await jobsOf(userId)).map(({ run, content_hash: hash }) => [run, hash])).toEqual([
      [0, contentHash],
      [1, contentHash],
    ])
  })

  it('given tags and a time zone, when applied, then vocabulary and zone are known', async () => {
    const { userId, created, event } = createHistory()
    const [a, b] = [newEntity(), newEntity()]
    const [food, old, into] = [newEntity(), newEntity(), newEntity()] as unknown as TagId[]
    const tag = (entity: typeof a, tagId: TagId | undefined, name: string) =>
      event('entity.tag_added', entity, { tagId: tagId ?? (uuidv7() as TagId), name })
    await apply(
      created(a),
      created(b),
      tag(a, food, 'Food'),
      tag(b, food, 'Food'),
      tag(a, old, 'old'),
      tag(b, into, 'into'),
    )
    await apply(
      event('tag.renamed', userId, { tagId: food ?? ('' as TagId), name: 'Meals', oldName: 'Food' }),
      event('tag.merged', userId, {
        tagId: old ?? ('' as TagId),
        name: 'old',
        intoId: into ?? ('' as TagId),
        intoName: 'into',
      }),
      event('user.settings_changed', userId, {
        timeZone: 'Asia/Tokyo',
        oldTimeZone: null,
        language: null,
        oldLanguage: null,
      }),
    )
    expect(await inTransaction(pool, (client) => findVocabulary(client, userId, 10))).toEqual([
      'Meals',
      'into',
    ])
    expect(await inTransaction(pool, (client) => findTimeZone(client, userId))).toBe('Asia/Tokyo')
  })

  it('given a purge, when applied, then jobs are purged, results gone, and later events make no job', async () => {
    const { userId, created, uploaded, event } = createHistory()
    const id = newEntity()
    await apply(created(id, 'Secret'), uploaded(id, 'a'))
    const [job] = await jobsOf(userId)
    await inTransaction(pool, (client) =>
      client.query(`insert into enrich.extractions (entity_id, content_hash, producer, user_id, analysable, heading)
        values ('${id}', '${sha256Hex('a')}', 'extract@1', '${userId}', true, 'Secret');
        insert into enrich.embeddings values ('${userId}', '${sha256Hex('a')}', 'm', 1536, 'c', 0, '\\x00')`),
    )
    await apply(event('entity.purged', id, {}))
    await apply(uploaded(id, 'late'))
    expect(await jobsOf(userId)).toMatchObject([{ job_id: job?.job_id, state: 'purged' }])
    const left = await database.superuserSql(
      `select (select count(*) from enrich.extractions where user_id = '${userId}')
            + (select count(*) from enrich.embeddings where user_id = '${userId}')
            + (select count(*) from enrich.entities where user_id = '${userId}')
            + (select count(*) from enrich.jobs where user_id = '${userId}' and title is not null)`,
    )
    expect(left).toEqual(['0'])
  })

  it('given the erasure of a user, when applied, then nothing of theirs is left and nothing comes again', async () => {
    const { userId, created, uploaded, event } = createHistory()
    const [before, after] = [newEntity(), newEntity()]
    const tagId = uuidv7() as TagId
    await apply(created(before, 'Secret'), event('entity.tag_added', before, { tagId, name: 'Private' }))
    await database.superuserSql(`
      insert into enrich.parked (user_id, sequence, reason, detail, key, headers, value, slot)
        values ('${userId}', 90, 'undecodable', 'Secret', '${userId}', '{}', 'Secret', true);
      insert into enrich.parked (reason, detail, key, value, slot)
        values ('headers_unusable', 'Secret', '${userId}', 'Secret', false);
      insert into enrich.parked_history (parked_id, step, detail) select id, 'parked', 'Secret' from enrich.parked;`)
    await apply(event('user.erased', userId, {}))
    expect(
      await database.superuserSql(`
        select sequence, state, coalesce(detail, key, headers::text, value::text) is null from enrich.parked;
        select count(*) from enrich.parked_history;`),
    ).toEqual(['90|discarded|t', '0'])
    await apply(created(after), uploaded(after, 'late'))
    expect((await jobsOf(userId)).map(({ state }) => state)).toEqual(['purged'])
    expect(await inTransaction(pool, (client) => findVocabulary(client, userId, 10))).toEqual([])
  })
})

describe('leases', () => {
  it('given one user with many jobs and one with few, when leased, then turns are shared', async () => {
    await lease(uuidv7(), 10_000, 10_000, 600_000)
    const [many, few] = [createHistory(), createHistory()]
    const capture = ({ created, uploaded }: History, text: string) => {
      const id = newEntity()
      return [created(id), uploaded(id, text)]
    }
    await apply(...Array.from({ length: 20 }, (_, index) => capture(many, `many ${index}`)).flat())
    await apply(...capture(few, 'few 1'), ...capture(few, 'few 2'))
    const turn = await lease(uuidv7(), 2, 2)
    const first = [...turn, ...(await lease(uuidv7(), 2, 2))]
    const owned = [...(await jobsOf(many.userId)), ...(await jobsOf(few.userId))]
    const users = first.map((id) => (owned.findIndex(({ job_id: own }) => own === id) < 20 ? 'many' : 'few'))
    expect(users.slice(0, 2).toSorted()).toEqual(['few', 'many'])
    expect(users.toSorted()).toEqual(['few', 'few', 'many', 'many'])
    // Both have two at work already: nobody gets a third.
    expect(await lease(uuidv7(), 4, 2)).toEqual([])
  })

  it('given many workers at once, when they lease, then no job has two of them', async () => {
    const histories = Array.from({ length: 6 }, () => createHistory())
    for (const { created, uploaded } of histories) {
      const id = newEntity()
      await apply(created(id), uploaded(id, 'x'))
    }
    const taken = await Promise.all(Array.from({ length: 8 }, () => lease(uuidv7(), 3, 5)))
    const all = taken.flat()
    expect(new Set(all).size).toBe(all.length)
    expect(all.length).toBeGreaterThanOrEqual(6)
  })

  it('given a lease that ran out, when leased again, then the first holder can no longer commit', async () => {
    const { userId, created, uploaded } = createHistory()
    const id = newEntity()
    await apply(created(id), uploaded(id, 'x'))
    const [job] = await jobsOf(userId)
    const [first, second] = [uuidv7(), uuidv7()]
    expect(await lease(first, 100, 5, 0)).toContain(job?.job_id)
    expect(await lease(second, 100, 5)).toContain(job?.job_id)
    const hold = (owner: string) =>
      inTransaction(pool, (client) => holdJob(client, job?.job_id ?? '', owner, 60_000))
    expect([await hold(first), await hold(second)]).toEqual([false, true])
    expect(
      await inTransaction(pool, (client) => findLeasedJob(client, job?.job_id ?? '', first)),
    ).toBeUndefined()
    expect(
      await inTransaction(pool, (client) => findLeasedJob(client, job?.job_id ?? '', second)),
    ).toMatchObject({
      entityId: id,
      capturedAt: Date.parse('2026-11-18T14:30:02.000Z'),
      analysisId: analysisIdOf(id, sha256Hex('x'), '1') satisfies AnalysisId,
      source: { kind: 'content', size: 1 },
    })
  })
})

describe('status', () => {
  it('given an item, when its user asks, then the newest job is told step by step; another user sees nothing', async () => {
    const { userId, created, uploaded, event } = createHistory()
    const id = newEntity()
    await apply(created(id), uploaded(id, 'x'))
    expect((await statusOf(userId, id)).map(({ step, state }) => [step, state])).toEqual(
      ['download', 'extract', 'publish_text', 'analyse', 'record', 'embed', 'publish'].map((step) => [
        step,
        'pending',
      ]),
    )
    expect(await statusOf(createHistory().userId, id)).toEqual([])
    await apply(event('entity.deleted', id, {}))
    expect(new Set((await statusOf(userId, id)).map(({ state }) => state))).toEqual(new Set(['skipped']))
  })

  it('given the role of query, when it reads the tables themselves, then it is refused', async () => {
    const read = transaction(pool, { role: 'synap_query' }, (client) =>
      query(client, { text: 'select * from enrich.jobs' }),
    )
    await expect(read).rejects.toMatchObject({ code: 'postgres.denied' })
  })
})
