import { expect, it } from 'vitest'
import { createLine, toOutbound } from './line.ts'

// A line of its own for each: a slot that another test left open would be filled first, and count as the commit.
it.each(['events_writer.before_commit', 'events_writer.after_commit'])(
  'given a death at %s, the next start goes on with nothing lost and nothing twice',
  async (point) => {
    const line = await createLine()
    try {
      const history = line.newHistory()
      for (let i = 0; i < 30; i += 1) history.create()
      const of = (what: string) =>
        line.database.superuserSql(`select ${what} where user_id = '${history.userId}'`)
      await line.publish(history.events.map(toOutbound))

      const doomed = await line.start({ SYNAP_CRASHPOINT: point })
      expect((await doomed.exited).signal).toBe('SIGKILL')
      expect(await of('count(*) from log.events')).toEqual([point.endsWith('before_commit') ? '0' : '30'])

      const next = await line.start()
      await next.waitReady()
      await line.drained()
      expect(await of('array_agg(sequence order by sequence) from log.events')).toEqual([
        `{${history.events.map(({ envelope }) => envelope.sequence).join()}}`,
      ])
      expect(await of('sum(events) from log.daily_counts')).toEqual(['30'])
      expect(await of('count(*) from log.parked')).toEqual(['0'])
    } finally {
      await line.close()
    }
  },
)
