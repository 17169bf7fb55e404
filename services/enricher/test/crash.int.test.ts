import { describe, expect, it } from 'vitest'
import { createHistory } from './events.ts'
import { allDone, useStand } from './with-stand.ts'

const { stand, states, capture, finished, analysesOf, modelCalls } = useStand()

describe('a crash', () => {
  it('given a crash after the model has answered, when started again, then only that step is paid again', async () => {
    const history = createHistory()
    const { id, events } = await capture(history, 'A thought about crashes and models')
    const first = await stand().start({ SYNAP_CRASHPOINT: 'enricher.after_model' })
    await stand().publish(...events)
    expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' })
    expect(modelCalls('about crashes')).toBe(1)
    expect(await states(history, id)).toMatchObject({
      publish_text: 'done',
      analyse: 'running',
      embed: 'pending',
    })
    await using _service = await stand().start()
    await finished(history, id)
    expect(modelCalls('about crashes')).toBe(2)
    expect(modelCalls('about crashes', '/embeddings')).toBe(1)
    expect(analysesOf(id)).toHaveLength(1)
  })

  it('given a crash after the vectors were made, when started again, then the analysis is not paid again', async () => {
    const history = createHistory()
    const { id, events } = await capture(history, 'A thought about vectors and crashes')
    const first = await stand().start({ SYNAP_CRASHPOINT: 'enricher.after_model:2' })
    await stand().publish(...events)
    await first.exited
    await using _service = await stand().start()
    await finished(history, id)
    expect([modelCalls('about vectors'), modelCalls('about vectors', '/embeddings')]).toEqual([1, 2])
  })

  it('given a crash after the publication, when started again, then the same record stands there twice', async () => {
    const history = createHistory()
    const { id, events } = await capture(history, 'A thought about publication')
    const first = await stand().start({ SYNAP_CRASHPOINT: 'enricher.after_publish:2' })
    await stand().publish(...events)
    expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' })
    await using _service = await stand().start()
    await finished(history, id)
    const values = (await stand().derivedLog(history.userId)).map(({ message }) =>
      message.value?.toString('hex'),
    )
    expect(values).toHaveLength(3)
    expect(values[1]).toBe(values[2])
    expect([modelCalls('about publication'), modelCalls('about publication', '/embeddings')]).toEqual([1, 1])
  })

  it('given a step that kills the process at every start, when it did so three times, then it is given up', async () => {
    const history = createHistory()
    const { id, events } = await capture(history, 'A thought that kills')
    await stand().publish(...events)
    for (let start = 1; start <= 3; start += 1) {
      const doomed = await stand().start({
        SYNAP_CRASHPOINT: 'enricher.after_model',
        ENRICH_LEASE_MS: '1500',
      })
      expect(await doomed.exited).toEqual({ code: null, signal: 'SIGKILL' })
    }
    await using _service = await stand().start()
    await finished(history, id, { ...allDone, analyse: 'failed' })
    expect(modelCalls('that kills')).toBe(3)
    expect(analysesOf(id)[0]?.body).toMatchObject({
      outcome: 'failed',
      error: { code: 'enricher.step_killed' },
    })
  }, 120_000)
})
