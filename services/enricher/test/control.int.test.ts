import { eventually } from '@synap/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { createHistory, type History } from './events.ts'
import { type Answer, sendJson } from './http-stub.ts'
import { answerAsModel, answerAsRefusingModel } from './model-stub.ts'
import { allDone, useStand, waiting } from './with-stand.ts'

const { stand, states, capture, finished, analysesOf, modelCalls } = useStand()

const stepOf = async (history: History, id: string, step: string) =>
  (await stand().status(history.userId, id)).find((each) => each.step === step)

const retry = (of: { user?: string; entity?: string; reason?: string; dryRun?: boolean }) => {
  const text = (value: string | undefined) => (value === undefined ? 'null' : `'${value}'`)
  return stand().operate<{ step: string; reason: string; items: number }>(
    `select * from enrich.mark_retry(${text(of.user)}, ${text(of.entity)}, ${text(of.reason)}, 1000,
      ${of.dryRun === true}, null, null)`,
  )
}

/** What can be tried again, once there is something: a job ends a moment after its last step. */
const retriable = (of: Parameters<typeof retry>[0]) =>
  eventually(
    'the item can be tried again',
    async () => {
      const found = await retry({ ...of, dryRun: true })
      return found.length > 0 && found
    },
    waiting,
  )

const metricsOf = (service: { adminUrl: string }) =>
  fetch(`${service.adminUrl}/metrics`).then((response) => response.text())

const wrongVectors: Answer = (request, response) =>
  request.path.endsWith('/embeddings')
    ? sendJson(response, { object: 'list', data: [{ index: 0, embedding: [null, 1] }], model: 'm' })
    : answerAsModel(request, response)

describe('a retry', () => {
  it('given an item that was refused, when it is tried again, then it is recorded as done after it was recorded as failed, and nothing else is paid again', async () => {
    stand().model.answerWith(answerAsRefusingModel)
    const history = createHistory()
    const { id, events } = await capture(history, 'A thought that gets a second chance')
    await using _service = await stand().start()
    await stand().publish(...events)
    await finished(history, id, { ...allDone, analyse: 'failed' })
    stand().model.answerWith(answerAsModel)
    const found = [{ step: 'analyse', reason: 'model.refused', items: 1 }]
    expect(await retriable({ entity: id })).toEqual(found)
    expect(await states(history, id)).toMatchObject({ analyse: 'failed' })
    expect(await retry({ entity: id })).toEqual(found)
    await finished(history, id)
    const told = analysesOf(id).map(({ body }) => body as { analysisId: string })
    expect(told).toMatchObject([
      { outcome: 'failed', run: 0, usage: { inputTokens: 11, outputTokens: 5 } },
      { outcome: 'completed', run: 0, usage: { inputTokens: 22, outputTokens: 10 } },
    ])
    expect(new Set(told.map(({ analysisId }) => analysisId)).size).toBe(1)
    expect([modelCalls('second chance'), modelCalls('second chance', '/embeddings')]).toEqual([2, 1])
    expect(await retry({ entity: id })).toEqual([])
  })

  it('given vectors that are none, when it is tried again, then only they are made again, and the analysis is not told twice', async () => {
    stand().model.answerWith(wrongVectors)
    const history = createHistory()
    const { id, events } = await capture(history, 'A thought with bad vectors')
    await using _service = await stand().start()
    await stand().publish(...events)
    await finished(history, id, { ...allDone, embed: 'failed', publish: 'skipped' })
    expect(await stepOf(history, id, 'embed')).toMatchObject({ error: 'model.invalid_vector' })
    stand().model.answerWith(answerAsModel)
    await retriable({ user: history.userId, reason: 'model.invalid_vector' })
    await retry({ user: history.userId, reason: 'model.invalid_vector' })
    await finished(history, id)
    expect([modelCalls('bad vectors'), modelCalls('bad vectors', '/embeddings')]).toEqual([1, 2])
    expect(analysesOf(id)).toHaveLength(1)
  })

  it('given content that was away, when it is back and tried again, then the whole way is gone; another reason leaves it alone', async () => {
    const history = createHistory()
    const { id, events, key } = await capture(history, 'A thought whose bytes were away')
    await stand().objects.delete(key)
    await using _service = await stand().start()
    await stand().publish(...events)
    await finished(history, id, {
      download: 'failed',
      extract: 'skipped',
      publish_text: 'skipped',
      analyse: 'skipped',
      record: 'done',
      embed: 'skipped',
      publish: 'skipped',
    })
    await stand().objects.put(key, Buffer.from('A thought whose bytes were away'), {
      contentType: 'text/markdown',
    })
    await retriable({ user: history.userId })
    expect(await retry({ user: history.userId, reason: 'model.refused' })).toEqual([])
    expect(await retry({ user: history.userId })).toMatchObject([{ reason: 'object.not_found', items: 1 }])
    await finished(history, id)
    expect(analysesOf(id).map(({ body }) => body)).toMatchObject([
      { outcome: 'failed' },
      { outcome: 'completed' },
    ])
  })
})

describe('a pause', () => {
  beforeEach(() => stand().operate('select enrich.resume(null, null, true)'))

  it('given the embedding is paused for everybody, when captured, then the rest is done, it lasts over a restart, and a resume goes on', async () => {
    await stand().operate(`select enrich.pause(null, 'embed', true, null, null, 'the bill')`)
    const history = createHistory()
    const { id, events } = await capture(history, 'A thought whose vectors wait')
    await using service = await stand().start({}, { telemetry: true })
    await stand().publish(...events)
    const held = { ...allDone, embed: 'deferred', publish: 'pending' }
    await finished(history, id, held)
    expect(await stepOf(history, id, 'embed')).toMatchObject({
      error: 'enrichment.paused',
      attempts: 0,
      next_retry_at: null,
    })
    await eventually(
      'it is in the metrics',
      async () => /^synap_enricher_pauses\{[^}]*kind="embed"[^}]*\} 1$/m.test(await metricsOf(service)),
      waiting,
    )
    await service.stop()
    await using _again = await stand().start()
    const other = await capture(history, 'Another thought whose vectors wait')
    await stand().publish(...other.events)
    await finished(history, other.id, held)
    await finished(history, id, held)
    expect(await stand().operate(`select enrich.resume(null, null, true)`)).toEqual([{ resume: 1 }])
    await finished(history, id)
    await finished(history, other.id)
    expect([modelCalls('vectors wait'), modelCalls('vectors wait', '/embeddings')]).toEqual([2, 2])
  })

  it('given the analysis of one user is paused, when captured, then the vectors come all the same, and another user is not held', async () => {
    const [one, other] = [createHistory(), createHistory()]
    await stand().operate(`select enrich.pause('${one.userId}', 'analyse', true, null, null, null)`)
    const mine = await capture(one, 'A thought that is not analysed')
    const theirs = await capture(other, 'A thought that is analysed')
    await using _service = await stand().start()
    await stand().publish(...mine.events, ...theirs.events)
    await finished(one, mine.id, { ...allDone, analyse: 'deferred', record: 'pending' })
    await finished(other, theirs.id)
    expect(await stand().derived(one.userId)).toHaveLength(2)
    await stand().operate(`select enrich.resume('${one.userId}', 'analyse', true)`)
    await finished(one, mine.id)
  })
})

describe('a budget of a day', () => {
  it('given a user who used it up, when more comes, then it waits for the next day, its text is out, another user goes on, and a larger budget lets it go on', async () => {
    const [one, other] = [createHistory(), createHistory()]
    const [first, second, theirs] = [
      await capture(one, 'A thought within the budget'),
      await capture(one, 'A thought beyond the budget'),
      await capture(other, 'A thought of somebody else'),
    ]
    await using _service = await stand().start({
      ENRICH_USER_DAILY_CALLS: '2',
      ENRICH_PRICES: 'gpt-5-mini=0.25/2,text-embedding-3-small=0.02',
    })
    await stand().publish(...first.events)
    await finished(one, first.id)
    await stand().publish(...second.events, ...theirs.events)
    await finished(one, second.id, {
      ...allDone,
      analyse: 'deferred',
      record: 'pending',
      embed: 'deferred',
      publish: 'pending',
    })
    await finished(other, theirs.id)
    const held = await stepOf(one, second.id, 'analyse')
    expect(held).toMatchObject({ error: 'budget.user_calls', attempts: 0 })
    expect(new Date(held?.next_retry_at ?? 0).toISOString().slice(11, 15)).toBe('00:0')
    expect(held?.next_retry_at).toBeGreaterThan(Date.now())
    expect(modelCalls('beyond the budget')).toBe(0)
    const [cost] = await stand().asUser(one.userId, `select * from enrich.item_cost('${first.id}')`)
    // 11 × 250 + 5 × 2,000 for the analysis, 7 × 20 for the vectors, in billionths of a dollar
    expect(cost).toEqual({ calls: 2, tokens: 23, cost_nanos: 12_890, unpriced_calls: 0 })
    expect(analysesOf(first.id)[0]?.body).toMatchObject({ usage: { costMicros: 13 } })
    await stand().operate(`select enrich.set_budget('${one.userId}', 10, null, null, null, null)`)
    await finished(one, second.id)
  })
})
