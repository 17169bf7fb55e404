import type { UserId } from '@synap/core'
import { eventually, type TestService } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newUser } from '../test/append-call.ts'
import { type Account, type Answer, call, createIngestStack, type IngestStack } from '../test/ingest-stack.ts'

let stack: IngestStack
let ingest: TestService
let ana: Account
let services: Account

beforeAll(async () => {
  stack = await createIngestStack()
  ana = await stack.createAccount()
  services = await stack.createAccount('act:any', 'read', 'write')
  ingest = await stack.start()
  await ingest.waitReady()
}, 300_000)

afterAll(() => stack?.close())

const times = <T>(n: number, work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: n }, (_, index) => work(index)))

const statusesOf = (answers: readonly Answer[]) => {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

const capture = (body: object, headers: Record<string, string> = {}) =>
  call(ingest, '/v1/entities', { body, key: ana.key, headers })

describe('many at once', () => {
  it('given 20 changes of one entity with the same If-Match, one wins and the others hear the current version', async () => {
    const { id } = (await capture({ type: 'note', title: 'contested' })).body
    const answers = await times(20, () =>
      call(ingest, `/v1/entities/${String(id)}`, {
        method: 'DELETE',
        key: ana.key,
        headers: { 'if-match': '"1"' },
      }),
    )
    expect(statusesOf(answers)).toEqual({ 200: 1, 412: 19 })
    for (const { status, body } of answers) {
      if (status === 412) expect(body).toMatchObject({ currentVersion: 2 })
    }
    const events = await stack.database.superuserSql(
      `select event_type from write.outbox where aggregate_id = '${String(id)}' order by version`,
    )
    expect(events).toEqual(['entity.created', 'entity.deleted'])
  })

  it.each([
    { what: 'without content', body: { type: 'note', title: 'twenty' }, events: 1 },
    { what: 'with content', body: { type: 'note', content: 'twenty' }, events: 2 },
  ])(
    'given 20 posts $what with one key, one effect, and each answer tells it or to wait',
    async ({ what, body, events }) => {
      const [before] = await stack.database.superuserSql(
        `select sequence from write.users where user_id = '${ana.userId}'`,
      )
      const answers = await times(20, () => capture(body, { 'idempotency-key': what.replaceAll(' ', '-') }))
      expect(
        Object.keys(statusesOf(answers)).filter((status) => status !== '201' && status !== '409'),
      ).toEqual([])
      const made = answers.filter(({ status }) => status === 201)
      expect(new Set(made.map(({ body: { id } }) => id)).size).toBe(1)
      expect(made.filter(({ headers }) => headers.get('idempotency-replayed') !== 'true')).toHaveLength(1)
      const [after] = await stack.database.superuserSql(
        `select sequence from write.users where user_id = '${ana.userId}'`,
      )
      expect(Number(after) - Number(before)).toBe(events)
    },
  )

  it('given 1,000 users who write at once, each gets an answer and a gapless sequence', async () => {
    const users = Array.from({ length: 1_000 }, newUser)
    const lost: unknown[] = []
    const write = (user: UserId, title: string) => {
      const post = () =>
        call(ingest, '/v1/entities', {
          body: { type: 'note', title, tags: ['shared', title] },
          key: services.key,
          headers: { 'synap-user': user, 'idempotency-key': title.replace(' ', '-') },
          // On a slow machine this process, too, takes long to get them all on their way.
          timeoutMs: 120_000,
        })
      // A machine that is too busy says so (503), and is asked again; what must never come is a conflict, a failure, or no answer.
      return eventually(
        `an answer other than 503 to ${title}`,
        async () => {
          const answer = await post().catch((error: unknown) => void lost.push(error))
          return answer?.status !== 503 && answer
        },
        { deadlineMs: 180_000, everyMs: 1_000 },
      )
    }
    const answers = await times(2_000, (index) =>
      write(users[index % users.length] as UserId, `note ${index}`),
    )
    expect(lost).toEqual([])
    expect(statusesOf(answers)).toEqual({ 201: 2_000 })
    const [wrong] = await stack.database.superuserSql(`
      select count(*) from (
        select user_id from write.outbox where user_id <> '${ana.userId}'
         group by user_id having max(sequence) <> count(*) or count(distinct sequence) <> count(*)
      ) as gaps`)
    expect(wrong).toBe('0')
  }, 300_000)
})
