import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type RebuildLine, rebuildLine, type SynapEvent } from '@synap/contracts'
import { eventually, programEnvironment } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fillLog } from '../../test/fill-log.ts'
import { createLine, type Line } from '../../test/line.ts'
import { createRandom, RandomUser } from '../../test/random-events.ts'
import { foldPlainly } from '../../test/reference.ts'

const patience = 240_000
const users = 8

describe('a rebuild with several projectors', () => {
  let line: Line
  beforeAll(async () => {
    line = await createLine(['events-writer', 'projector'])
  }, 600_000)
  afterAll(() => line?.close())

  const histories = Array.from({ length: users }, (_, seed) => {
    const user = new RandomUser(createRandom(100 + seed))
    return { user, events: [] as SynapEvent[] }
  })
  /** So many more events of each user. */
  const more = (count: number): SynapEvent[] =>
    histories.flatMap(({ user, events }) => {
      const next = Array.from({ length: count }, () => user.next())
      events.push(...next)
      return next
    })
  /** As the events-writer and the relay would: the log has them, and the topic. */
  const publish = async (events: readonly SynapEvent[]) => {
    await fillLog(line.pool, events)
    await line.publish('events', events.map(line.eventMessage))
  }
  /** Every user of a read model is where the topic is. */
  const level = (schema: string) =>
    eventually(
      `${schema} is level`,
      async () => {
        const seen = await line.database.superuserSql(`select user_id, seen from ${schema}.user_positions`)
        const wanted = histories.map(({ user, events }) => `${user.userId}|${events.length}`)
        return seen.toSorted().join(' ') === wanted.toSorted().join(' ') ? true : undefined
      },
      { deadlineMs: 90_000 },
    )
  const count = async (schema: string) =>
    Number((await line.database.superuserSql(`select count(*) from ${schema}.entities`))[0])
  const runRebuild = async () => {
    const program = join(import.meta.dirname, 'main.ts')
    const env = { ...programEnvironment(), DATABASE_URL: line.database.url, TOPIC_PREFIX: line.topicPrefix }
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', program, JSON.stringify({ action: 'run' })],
      { env, timeout: patience },
    )
    const lines: RebuildLine[] = stdout
      .trim()
      .split('\n')
      .map((text) => rebuildLine.parse(JSON.parse(text)))
    return { lines, stderr }
  }
  it(
    'given two, the new one is made and followed; whichever is killed or stopped, another goes on with both',
    async () => {
      const before = more(60)
      const first = await line.start()
      const second = await line.start()
      await first.waitReady()
      await second.waitReady()
      await publish(before)
      await level('read_v1')

      const running = runRebuild()
      await publish(more(10))
      const { lines, stderr } = await running
      expect(stderr).toBe('')
      expect(lines.at(-1)).toMatchObject({
        rebuild: { outcome: 'switched', from: 1, to: 2, differences: { unexplained: 0 } },
      })
      const phases = new Set(lines.flatMap((one) => ('progress' in one ? [one.progress.phase] : [])))
      expect([...phases]).toEqual(expect.arrayContaining(['copy', 'index', 'words', 'compare', 'switch']))

      await publish(more(10))
      for (const schema of ['read_v1', 'read_v2']) await level(schema)
      first.kill('SIGKILL')
      await publish(more(10))
      for (const schema of ['read_v1', 'read_v2']) await level(schema)
      // In turn: one that comes takes both over from the one that goes.
      await (await line.start()).waitReady()
      await second.stop()
      await publish(more(10))
      for (const schema of ['read_v1', 'read_v2']) await level(schema)
      const living = histories
        .map(({ events }) => Object.keys(foldPlainly(events).entities).length)
        .reduce((sum, entities) => sum + entities, 0)
      expect([await count('read_v1'), await count('read_v2')]).toEqual([living, living])
    },
    patience,
  )
})
