import { enricherVersion } from '@synap/contracts'
import { eventually } from '@synap/testing'
import { describe, expect, it } from 'vitest'
import { analysisIdOf } from '../src/fold-events.ts'
import { createHistory } from './events.ts'
import { offline, useStand, waiting } from './with-stand.ts'

const { stand, capture, finished, analysesOf } = useStand()

/** Events happen at half past two in the afternoon in UTC: in Kiritimati, 14 hours ahead, that is the day after. */
const ahead = 'Pacific/Kiritimati'
const tomorrow = '2026-11-19'
const tomorrowAhead = '2026-11-20'
const told = (id: string) =>
  analysesOf(id).map(({ body }) => {
    const { timeZone, result, run } = body as {
      timeZone?: string
      run: number
      result?: { due?: { value: string } }
    }
    return { timeZone, due: result?.due?.value, run }
  })

describe('a time zone that came with a text', () => {
  it('given one, dates are meant there; the next text is in the time zone of its user again', async () => {
    await using _service = await stand().start({ ...offline, DEFAULT_TIME_ZONE: 'UTC' })
    const history = createHistory()
    const there = await capture(history, 'Buy milk tomorrow', 'markdown', ahead)
    const here = await capture(history, 'Buy tea tomorrow')
    await stand().publish(...there.events, ...here.events)
    await finished(history, there.id)
    await finished(history, here.id)
    expect(told(there.id)).toEqual([{ timeZone: ahead, due: tomorrowAhead, run: 0 }])
    expect(told(here.id)).toEqual([{ timeZone: 'UTC', due: tomorrow, run: 0 }])
  })

  it('given one more run, it reads in the time zone that the text came with', async () => {
    await using _service = await stand().start({ ...offline, DEFAULT_TIME_ZONE: 'UTC' })
    const history = createHistory()
    const { id, events, sha256 } = await capture(history, 'Buy milk tomorrow', 'markdown', ahead)
    await stand().publish(...events)
    await finished(history, id)
    const analysis = analysisIdOf(id, sha256, enricherVersion)
    const job = { entityId: id, contentHash: sha256, enricherVersion, run: 1 }
    await stand().publish(history.event('ai.analysis_requested', analysis, job))
    await eventually('the run is told', () => Promise.resolve(told(id).length === 2), waiting)
    expect(told(id)).toEqual([0, 1].map((run) => ({ timeZone: ahead, due: tomorrowAhead, run })))
  })

  it('given content that comes back: without a time zone nothing is analysed again, with another it is', async () => {
    await using _service = await stand().start({ ...offline, DEFAULT_TIME_ZONE: 'UTC' })
    const history = createHistory()
    const text = 'Buy milk tomorrow'
    const { id, events } = await capture(history, text, 'markdown', ahead)
    await stand().publish(...events)
    await finished(history, id)
    // Content that is only named: nothing is fetched before it is superseded.
    await stand().publish(history.uploaded(id, 'Buy tea'), history.uploaded(id, text))
    await eventually('it is recorded anew', () => Promise.resolve(told(id).length === 2), waiting)
    await stand().publish(
      history.uploaded(id, 'Buy tea'),
      history.uploaded(id, text, 'markdown', 'Europe/Berlin'),
    )
    await eventually('it is analysed anew', () => Promise.resolve(told(id).length === 3), waiting)
    expect(told(id).map(({ timeZone, due }) => [timeZone, due])).toEqual([
      [ahead, tomorrowAhead],
      [ahead, tomorrowAhead],
      ['Europe/Berlin', tomorrow],
    ])
  })
})
