import { enricherVersion } from '@synap/contracts'
import { eventually } from '@synap/testing'
import { describe, expect, it } from 'vitest'
import { analysisIdOf } from '../src/fold-events.ts'
import { createHistory } from './events.ts'
import { sendJson } from './http-stub.ts'
import { answerAsModel, answerAsRefusingModel } from './model-stub.ts'
import { allDone, useStand, waiting } from './with-stand.ts'

const { stand, states, capture, finished, analysesOf, modelCalls } = useStand()

describe('with a model', () => {
  it('given a rate limit, when hit, then the text is out already, the wait is kept and others flow', async () => {
    const history = createHistory()
    const limited = await capture(history, 'A thought that is limited')
    stand().model.answerWith((request, response) =>
      JSON.stringify(request.body).includes('is limited')
        ? sendJson(
            response,
            { error: { message: 'x', type: 'requests', code: 'rate_limit_exceeded' } },
            429,
            { 'retry-after': '2' },
          )
        : answerAsModel(request, response),
    )
    await using _service = await stand().start()
    await stand().publish(...limited.events)
    const status = await eventually(
      'it waits',
      async () =>
        (await stand().status(history.userId, limited.id)).find(
          ({ error }) => error === 'model.rate_limited',
        ),
      waiting,
    )
    expect(status).toMatchObject({ step: 'analyse', state: 'pending', attempts: 1 })
    expect(status.next_retry_at).toBeGreaterThan(Date.now() + 500)
    expect(await states(history, limited.id)).toMatchObject({ publish_text: 'done' })
    const other = await capture(history, 'A thought that flows')
    await stand().publish(...other.events)
    await finished(history, other.id)
    stand().model.answerWith(answerAsModel)
    await finished(history, limited.id)
    expect(modelCalls('is limited')).toBeLessThanOrEqual(3)
  })

  it('given an answer slower than the lease, when it comes, then the job was kept and the model asked once', async () => {
    stand().model.answerWith((request, response) => {
      setTimeout(() => answerAsModel(request, response), 3_000)
    })
    const history = createHistory()
    const { id, events } = await capture(history, 'A thought that ripens')
    await using _service = await stand().start({ ENRICH_LEASE_MS: '1000' })
    await using _other = await stand().start({ ENRICH_LEASE_MS: '1000' })
    await stand().publish(...events)
    await finished(history, id)
    expect([modelCalls('that ripens'), modelCalls('that ripens', '/embeddings')]).toEqual([1, 1])
  })

  it('given a key that is refused, when met, then the service says so, stays ready and the text is out', async () => {
    const refusal = { error: { message: 'x', type: 'invalid_request_error', code: 'invalid_api_key' } }
    stand().model.answerWith((_, response) => sendJson(response, refusal, 401))
    const history = createHistory()
    const { id, events } = await capture(history, 'A thought without a key')
    const service = await stand().start()
    await stand().publish(...events)
    await eventually(
      'it waits for a person',
      async () =>
        (await stand().status(history.userId, id)).find(
          ({ step, error }) => step === 'analyse' && error === 'model.unauthorised',
        ),
      waiting,
    )
    await service.waitReady()
    const ready = await fetch(`${service.adminUrl}/readyz`).then((response) => response.text())
    expect(ready).toContain('degraded: model.unauthorised')
    expect(await states(history, id)).toMatchObject({ publish_text: 'done', analyse: 'pending' })
    expect(service.logs()).not.toContain('sk-canary')
    await service.stop()
    expect(modelCalls('without a key')).toBe(1)
  })

  it('given a refusal, when met, then it is a visible failure, told to ingest, and the vectors still come', async () => {
    stand().model.answerWith(answerAsRefusingModel)
    const history = createHistory()
    const { id, events } = await capture(history, 'A thought nobody wants to describe')
    await using _service = await stand().start()
    await stand().publish(...events)
    await finished(history, id, { ...allDone, analyse: 'failed' })
    expect(analysesOf(id).map(({ body }) => body)).toMatchObject([
      { outcome: 'failed', error: { code: 'model.refused' }, model: 'gpt-5-mini', offline: false },
    ])
    expect(await stand().derived(history.userId)).toHaveLength(2)
    expect(modelCalls('nobody wants')).toBe(1)
  })

  it('given an item whose analysis failed, when a person asks for another run, then it is done and told as that run', async () => {
    stand().model.answerWith(answerAsRefusingModel)
    const history = createHistory()
    const { id, events, sha256 } = await capture(history, 'A thought that is asked about again')
    await using _service = await stand().start()
    await stand().publish(...events)
    await finished(history, id, { ...allDone, analyse: 'failed' })
    stand().model.answerWith(answerAsModel)
    const analysisId = analysisIdOf(id, sha256, enricherVersion)
    const request = { entityId: id, contentHash: sha256, enricherVersion, run: 1 }
    await stand().publish(history.event('ai.analysis_requested', analysisId, request))
    await finished(history, id)
    expect(analysesOf(id).map(({ body }) => body)).toMatchObject([
      { outcome: 'failed', run: 0, analysisId },
      { outcome: 'completed', run: 1, analysisId, contentHash: sha256 },
    ])
    expect(modelCalls('asked about again')).toBe(2)
  })

  it('given a server without embeddings, when met, then the analysis is told all the same, and the status says what is missing', async () => {
    stand().model.answerWith((request, response) =>
      request.path.endsWith('/embeddings')
        ? sendJson(response, { detail: 'Not Found' }, 404)
        : answerAsModel(request, response),
    )
    const history = createHistory()
    const { id, events } = await capture(history, 'A thought that stays without a vector')
    const service = await stand().start()
    await stand().publish(...events)
    const embed = await eventually(
      'it waits for a person',
      async () =>
        (await stand().status(history.userId, id)).find(({ error }) => error === 'model.no_embeddings'),
      waiting,
    )
    expect(embed).toMatchObject({ step: 'embed', state: 'pending' })
    expect(analysesOf(id).map(({ body }) => body)).toMatchObject([{ outcome: 'completed' }])
    expect(await states(history, id)).toMatchObject({ record: 'done', publish: 'pending' })
    const outcomes = await stand().outcomes(id)
    await service.stop()
    stand().model.answerWith(answerAsModel)
    await using _again = await stand().start()
    await stand().hasten(id)
    await finished(history, id)
    // Another process ended the job, and it still knows what recording came to.
    expect(await stand().outcomes(id)).toEqual(outcomes)
    expect(analysesOf(id)).toHaveLength(1)
  })

  it('given the same content twice, when captured by one user, then it is embedded once, but analysed each time', async () => {
    const [one, other] = [createHistory(), createHistory()]
    await using _service = await stand().start()
    for (const history of [one, one, other]) {
      const { id, events } = await capture(history, 'A thought that comes again')
      await stand().publish(...events)
      await finished(history, id)
    }
    expect(modelCalls('comes again', '/embeddings')).toBe(2)
    expect(modelCalls('comes again')).toBe(3)
  })

  it('given ingest is away, when it comes back, then the analysis is told and nothing was paid twice', async () => {
    const history = createHistory()
    const { id, events } = await capture(history, 'A thought for later')
    let away = true
    const answer = (
      request: Parameters<typeof answerAsModel>[0],
      response: Parameters<typeof answerAsModel>[1],
    ) => {
      const { path, body } = request
      if (path.startsWith('/internal/heads')) return sendJson(response, { items: [], next: null })
      if (away) return sendJson(response, { type: 'unavailable', title: 'x', status: 503 }, 503)
      const { basedOnVersion: version } = body as { basedOnVersion: number }
      sendJson(response, {
        outcome: 'superseded',
        id: path.split('/')[3],
        version,
        sequence: 1,
        correlationId: 'a'.repeat(32),
        applied: [],
      })
    }
    stand().ingest.answerWith(answer)
    await using _service = await stand().start()
    await stand().publish(...events)
    await eventually(
      'it is put off',
      async () =>
        (await stand().status(history.userId, id)).some(
          ({ step, error }) => step === 'record' && error === 'api.refused',
        ),
      waiting,
    )
    away = false
    await eventually(
      'it is superseded',
      async () => (await stand().outcomes(id)).join() === 'superseded',
      waiting,
    )
    await finished(history, id)
    expect([modelCalls('for later'), modelCalls('for later', '/embeddings')]).toEqual([1, 1])
  })

  it('given SIGTERM while the model thinks, when it comes, then the service ends at once and the job is free', async () => {
    const history = createHistory()
    const { id, events } = await capture(history, 'A thought that takes long')
    stand().model.answerWith(() => undefined)
    const service = await stand().start({ ENRICH_LEASE_MS: '60000' })
    await stand().publish(...events)
    await eventually('the model is asked', () => modelCalls('takes long') === 1, waiting)
    const startedAt = Date.now()
    expect(await service.stop()).toEqual({ code: 0, signal: null })
    expect(Date.now() - startedAt).toBeLessThan(10_000)
    stand().model.answerWith(answerAsModel)
    await using _again = await stand().start({ ENRICH_LEASE_MS: '60000' })
    await finished(history, id)
    expect((await stand().status(history.userId, id)).find(({ step }) => step === 'analyse')?.attempts).toBe(
      1,
    )
  })
})
