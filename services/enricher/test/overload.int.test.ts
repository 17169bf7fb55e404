import { sha256Hex, uuidv7 } from '@synap/core'
import { eventually } from '@synap/testing'
import { describe, expect, it } from 'vitest'
import { createHistory, type History } from './events.ts'
import { sendJson } from './http-stub.ts'
import { answerAsModel } from './model-stub.ts'
import { allDone, useStand, waiting } from './with-stand.ts'

const { stand, states, capture, finished, modelCalls } = useStand()
const long = { ...waiting, deadlineMs: 90_000 }

describe('one user’s import', () => {
  it('given 10,000 items of one user and a slow model, when another captures one thing, then it does not wait for them', async () => {
    const [many, one] = [createHistory(), createHistory()]
    await stand().sql(`with jobs as (
        insert into enrich.jobs (job_id, user_id, entity_id, content_hash, enricher_version, analysis_id, source, title,
          entity_type, based_on_version, event_id, sequence, captured_at)
        select gen_random_uuid(), '${many.userId}', gen_random_uuid(), '${sha256Hex('imported')}', '1',
          gen_random_uuid(), 'title', 'Imported', 'note', 1, gen_random_uuid(), n, now()
        from generate_series(1, 10000) as n returning job_id
      ) insert into enrich.steps (job_id, ord, step, state)
        select job_id, ord, step, case when step in ('extract', 'analyse', 'record') then 'pending' else 'skipped' end
        from jobs cross join unnest(array['download', 'extract', 'publish_text', 'analyse', 'record', 'embed', 'publish'])
          with ordinality as s (step, ord)`)
    stand().model.answerWith((request, response) => {
      setTimeout(() => answerAsModel(request, response), 400)
    })
    await using _service = await stand().start({ ENRICH_CONCURRENCY: '4', ENRICH_PER_USER: '4' })
    await eventually('the import is under way', () => stand().model.requests.length >= 4, long)
    const { id, events } = await capture(one, 'A thought in the middle of an import')
    await stand().publish(...events)
    await finished(one, id)
    const [left] = await stand().sql(
      `select count(*) from enrich.jobs where user_id = '${many.userId}' and state = 'open'`,
    )
    expect(Number(left)).toBeGreaterThan(9_000)
    await stand().sql(`delete from enrich.jobs where user_id = '${many.userId}'`)
  }, 180_000)
})

describe('a model server that is down', () => {
  it('given many items, when each call fails, then it is left alone after a few, seen in the metrics, and all is done when it is back', async () => {
    const history = createHistory()
    const items = await Promise.all(
      Array.from({ length: 12 }, (_, n) => capture(history, `A thought for a server that is down ${n}`)),
    )
    const failure = { error: { message: 'x', type: 'server_error', code: null } }
    stand().model.answerWith((_, response) => sendJson(response, failure, 500))
    await using service = await stand().start(
      { ENRICH_BREAKER_FAILURES: '4', ENRICH_BREAKER_MS: '60000', ENRICH_CONCURRENCY: '2' },
      { telemetry: true },
    )
    await stand().publish(...items.flatMap(({ events }) => events))
    await eventually(
      'every item is read, and waits',
      async () => {
        for (const { id } of items) {
          const { publish_text: text, analyse } = await states(history, id)
          expect([text, analyse]).toEqual(['done', 'deferred'])
        }
        return true
      },
      long,
    )
    // Of 12 items 4 tries, and the one that was under way with the last of them.
    expect(modelCalls('that is down')).toBeLessThanOrEqual(5)
    const metrics = await fetch(`${service.adminUrl}/metrics`).then((response) => response.text())
    expect(metrics).toMatch(
      /^synap_enricher_breaker_state\{[^}]*operation="chat"[^}]*state="open"[^}]*\} 1$/m,
    )
    const ready = await fetch(`${service.adminUrl}/readyz`)
    expect(ready.status).toBe(200)
    await service.stop()
    stand().model.answerWith(answerAsModel)
    await using _again = await stand().start()
    for (const { id } of items) await stand().hasten(id)
    for (const { id } of items) await finished(history, id)
  }, 240_000)
})

describe('a crash at any point', () => {
  const points = [
    // [point, paid calls of the analysis in all, of the embedding]
    ['enricher.before_commit:2', 1, 1],
    // The answer is there and was not written down: the one place where a call is paid for twice.
    ['enricher.before_commit:4', 2, 1],
    ['enricher.after_reserve:1', 1, 1],
    ['enricher.after_answer:2', 1, 2],
  ] as const

  it('given a kill in each step, before its work and before its commit, when started again, then only that step is repeated', async () => {
    for (const [point, analyses, embeddings] of points) {
      const history: History = createHistory()
      const words = `A thought about ${point} ${uuidv7()}`
      const { id, events } = await capture(history, words)
      const first = await stand().start({ SYNAP_CRASHPOINT: point })
      await stand().publish(...events)
      expect([point, await first.exited]).toEqual([point, { code: null, signal: 'SIGKILL' }])
      await using _service = await stand().start()
      await finished(history, id, allDone)
      expect([point, modelCalls(words), modelCalls(words, '/embeddings')]).toEqual([
        point,
        analyses,
        embeddings,
      ])
    }
  }, 400_000)
})
