import { enricherVersion } from '@synap/contracts'
import { uuidv7 } from '@synap/core'
import { eventually } from '@synap/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { analysisIdOf } from '../src/fold-events.ts'
import { createHistory, type History } from './events.ts'
import { sendJson } from './http-stub.ts'
import { useStand, waiting } from './with-stand.ts'

const { stand, capture, finished, modelCalls, analysesOf } = useStand()

type Item = Awaited<ReturnType<typeof capture>>

/** Ingest as it is: `:enrich` gives the next run its number, once for each idempotency key, and the event comes back. */
const answerEnrich = (
  history: History,
  items: readonly Item[],
  options: { gone?: string; hold?: boolean } = {},
) => {
  const runs = new Map<string, number>()
  const keys = new Map<string, number>()
  stand().ingest.answerWith(({ path, headers, body }, response) => {
    if (path.startsWith('/internal/heads')) return sendJson(response, { items: [], next: null })
    const [, id = '', action] = /^\/v1\/entities\/([^/:]+)[/:](.+)$/.exec(path) ?? []
    const numbers = { id, version: 2, sequence: 1, correlationId: '0af7651916cd43dd8448eb211c80319c' }
    if (action === 'analyses') {
      const { basedOnVersion } = body as { basedOnVersion: number }
      return sendJson(response, { outcome: 'recorded', ...numbers, version: basedOnVersion, applied: [] })
    }
    if (id === options.gone) return sendJson(response, { type: 'not_found', title: 'x', status: 404 }, 404)
    const key = String(headers['idempotency-key'])
    const item = items.find((each) => each.id === id)
    if (!keys.has(key) && item !== undefined) {
      const run = (runs.get(id) ?? 0) + 1
      runs.set(id, run)
      keys.set(key, run)
      // An event that is made takes a sequence: what nobody publishes would be a gap.
      if (options.hold !== true) void stand().publish(requested(history, item, run))
    }
    return sendJson(response, numbers, 202)
  })
  return { runs, keys }
}

/** After a crash the topic's group waits for the dead member's session to end. */
const patience = { ...waiting, deadlineMs: 120_000 }

const requested = (history: History, { id, sha256 }: Item, run: number) =>
  history.event('ai.analysis_requested', analysisIdOf(id, sha256, enricherVersion), {
    entityId: id,
    contentHash: sha256,
    enricherVersion,
    run,
  })

const ask = async (history: History, items: readonly Item[]) => {
  const id = uuidv7()
  await stand().sql(`
    insert into enrich.enrichments (enrichment_id, user_id, kind, model, items)
      values ('${id}', '${history.userId}', 'analyse', 'gpt-5-mini', ${items.length});
    insert into enrich.enrichment_items (enrichment_id, entity_id)
      select '${id}', e::uuid from unnest(array[${items.map((item) => `'${item.id}'`).join(', ')}]) as e`)
  return id
}
const reached = (id: string, expected: string) =>
  eventually(
    `the run is ${expected}`,
    async () => {
      const [row] = await stand().sql(
        `select state || ' ' || done || ' ' || failed from enrich.enrichments where enrichment_id = '${id}'`,
      )
      expect(row).toBe(expected)
      return true
    },
    patience,
  )

describe('a run over many items', () => {
  let history: History
  let items: Item[]
  beforeEach(async () => {
    history = createHistory()
    items = []
    for (const text of ['First of many', 'Second of many', 'Third of many'])
      items.push(await capture(history, text))
    await using _service = await stand().start()
    await stand().publish(...items.flatMap(({ events }) => events))
    for (const { id } of items) await finished(history, id)
  }, 240_000)

  it('given items, when they are asked for, then each is analysed once more as a run of its own, and embedded no second time', async () => {
    const { runs } = answerEnrich(history, items)
    await using _service = await stand().start()
    await reached(await ask(history, items), 'done 3 0')
    expect([...runs.values()]).toEqual([1, 1, 1])
    for (const { id } of items) {
      expect(analysesOf(id).map(({ body }) => (body as { run: number }).run)).toEqual([0, 1])
    }
    expect([modelCalls('of many'), modelCalls('of many', '/embeddings')]).toEqual([6, 3])
    expect(
      await stand().sql(
        `select distinct background from enrich.jobs where run = 1 and user_id = '${history.userId}'`,
      ),
    ).toEqual(['t'])
  }, 240_000)

  it('given a crash in the middle of asking, when started again, then nobody is asked for twice', async () => {
    const { runs, keys } = answerEnrich(history, items)
    const id = await ask(history, items)
    const doomed = await stand().start({ SYNAP_CRASHPOINT: 'enricher.after_asking:2' })
    expect(await doomed.exited).toEqual({ code: null, signal: 'SIGKILL' })
    await stand().sql(`update enrich.enrichments set due_at = now() where enrichment_id = '${id}'`)
    await using _service = await stand().start()
    await reached(id, 'done 3 0')
    expect([...runs.values()]).toEqual([1, 1, 1])
    expect(keys.size).toBe(3)
    expect(modelCalls('of many')).toBe(6)
  }, 240_000)

  it('given one that is gone meanwhile, when asked for, then the others are done and it holds nothing up', async () => {
    answerEnrich(history, items, { gone: items[1]?.id ?? '' })
    await using _service = await stand().start()
    await reached(await ask(history, items), 'done 3 0')
    expect(modelCalls('of many')).toBe(5)
  }, 240_000)

  it('given it is cancelled, when its runs come back late, then they are over before a model is asked', async () => {
    const { keys } = answerEnrich(history, items, { hold: true })
    await using _service = await stand().start()
    const id = await ask(history, items)
    await eventually('all are asked for', async () => keys.size === 3 || undefined, waiting)
    await stand().sql(
      `update enrich.enrichments set state = 'cancelling', due_at = now() where enrichment_id = '${id}'`,
    )
    await reached(id, 'cancelled 0 0')
    await stand().publish(...items.map((item) => requested(history, item, 1)))
    const late = await capture(history, 'Something captured after it')
    await stand().publish(...late.events)
    await finished(history, late.id)
    expect(modelCalls('of many')).toBe(3)
    expect(
      await stand().sql(
        `select distinct state from enrich.jobs where run = 1 and user_id = '${history.userId}'`,
      ),
    ).toEqual(['cancelled'])
  }, 240_000)
})
