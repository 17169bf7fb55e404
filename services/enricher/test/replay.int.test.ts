import { enricherVersion } from '@synap/contracts'
import { eventually } from '@synap/testing'
import { describe, expect, it } from 'vitest'
import { analysisIdOf } from '../src/fold-events.ts'
import { createHistory, newEntity, newUser } from './events.ts'
import { useStand, waiting } from './with-stand.ts'

const { stand, states, capture, finished, analysesOf, modelCalls } = useStand()

const hour = 3_600_000
const skipped = { analyse: 'skipped', record: 'skipped', embed: 'skipped', publish: 'skipped' }
const read = { download: 'done', extract: 'done', publish_text: 'done' }

describe('a replay of the log', () => {
  it('given all tables lost, when the topic is read from its beginning, then no model is asked for what was analysed', async () => {
    const history = createHistory(newUser(), hour)
    const done = await capture(history, 'A replayed thought that was analysed')
    const failed = await capture(history, 'A replayed thought that was given up')
    const open = await capture(history, 'A replayed thought that nobody read yet')
    const job = ({ id, sha256 }: typeof done) => ({
      entityId: id,
      contentHash: sha256,
      enricherVersion,
      run: 0,
      basedOnVersion: 2,
      model: 'm',
      promptVersion: 'p',
      offline: false,
    })
    const analysis = ({ id, sha256 }: typeof done) => analysisIdOf(id, sha256, enricherVersion)
    // What came of them stands far behind what asks for it, as in a log of many items.
    const between = Array.from({ length: 600 }, () => history.created(newEntity()))
    await stand().publish(...done.events, ...failed.events, ...open.events, ...between)
    await stand().publish(
      history.event('ai.analysis_completed', analysis(done), {
        ...job(done),
        inputTokens: 1,
        outputTokens: 1,
        costMicros: null,
        timeZone: null,
        intent: null,
        dueSpan: null,
      }),
      history.event('ai.analysis_failed', analysis(failed), {
        ...job(failed),
        code: 'model.refused',
        detail: null,
        inputTokens: null,
        outputTokens: null,
        costMicros: null,
      }),
    )
    for (const time of ['once', 'again']) {
      await stand().forget()
      await using _service = await stand().start()
      await finished(history, done.id, { ...read, ...skipped })
      await finished(history, failed.id, { ...read, ...skipped, analyse: 'failed' })
      await finished(history, open.id)
      expect([time, modelCalls('that was analysed'), modelCalls('that was analysed', '/embeddings')]).toEqual(
        [time, 0, 0],
      )
      expect([modelCalls('that was given up'), modelCalls('that was given up', '/embeddings')]).toEqual([
        0, 0,
      ])
      expect(await stand().outcomes(done.id)).toEqual(['recorded'])
      expect(await stand().outcomes(failed.id)).toEqual(['failed'])
    }
    expect([analysesOf(done.id), analysesOf(failed.id)]).toEqual([[], []])
    expect(modelCalls('nobody read yet')).toBe(2)
  })

  it('given the tables as they are, when events come a second time, then nothing is done a second time', async () => {
    const history = createHistory()
    const { id, events, sha256 } = await capture(history, 'A thought that is delivered twice')
    await using _service = await stand().start()
    await stand().publish(...events)
    await finished(history, id)
    const completed = history.event('ai.analysis_completed', analysisIdOf(id, sha256, enricherVersion), {
      entityId: id,
      contentHash: sha256,
      enricherVersion,
      run: 0,
      basedOnVersion: 2,
      model: 'gpt-5-mini',
      promptVersion: 'p',
      offline: false,
      inputTokens: 1,
      outputTokens: 1,
      costMicros: null,
      timeZone: null,
      intent: null,
      dueSpan: null,
    })
    const last = await capture(history, 'A thought behind it')
    await stand().publish(...events, completed, ...events, completed, ...last.events)
    await finished(history, last.id)
    await eventually(
      'its own analysis stands',
      async () => (await states(history, id))['analyse'] === 'done',
      waiting,
    )
    expect([modelCalls('delivered twice'), modelCalls('delivered twice', '/embeddings')]).toEqual([1, 1])
    expect(analysesOf(id)).toHaveLength(1)
  })
})
