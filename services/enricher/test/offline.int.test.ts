import { sha256Hex, type TagId } from '@synap/core'
import { derivedTextKey } from '@synap/object-store'
import { eventually } from '@synap/testing'
import { describe, expect, it } from 'vitest'
import { createHistory, newEntity } from './events.ts'
import { allDone, offline, useStand, waiting } from './with-stand.ts'

const { stand, states, capture, finished, analysesOf } = useStand()

describe('with the offline provider', () => {
  it('given a thought, when captured, then it is read, embedded, published and told to ingest', async () => {
    await using service = await stand().start({ ...offline, DEFAULT_TIME_ZONE: 'Europe/Berlin' })
    const history = createHistory()
    const { id, events, sha256 } = await capture(history, 'Buy milk tomorrow')
    await stand().publish(...events)
    await finished(history, id)

    const text = await stand().objects.read(
      derivedTextKey({ userId: history.userId, entityId: id, sha256 }),
      {
        maxBytes: 1_000,
      },
    )
    expect(text.bytes.toString()).toBe('Buy milk tomorrow')
    const [request] = analysesOf(id)
    expect(request?.headers).toMatchObject({
      'synap-user': history.userId,
      authorization: `Bearer syn_${'a'.repeat(43)}`,
    })
    expect(request?.body).toMatchObject({
      causedBy: events[1]?.id,
      contentHash: sha256,
      run: 0,
      basedOnVersion: 2,
      model: 'synap-offline-1',
      offline: true,
      outcome: 'completed',
      result: {
        title: { value: 'Buy milk' },
        type: { value: 'task' },
        due: { value: '2026-11-19', text: 'tomorrow' },
        intent: { kind: 'task' },
      },
    })
    const derived = await stand().derived(history.userId)
    expect(derived.map(({ message }) => message.key)).toEqual([
      `${history.userId}/${id}/${sha256}/extract@2/0`,
      `${history.userId}/${id}/${sha256}/synap-offline-1@1536@blocks1-400-50/0`,
    ])
    expect(derived.map(({ record }) => record)).toMatchObject([
      {
        analysable: true,
        chunks: [{ index: 0, start: 0, end: 17, byteStart: 0, byteEnd: 17 }],
        blockCount: 1,
      },
      { model: 'synap-offline-1', dimensions: 1536, vectors: [{ chunk: 0, start: 0, end: 17 }] },
    ])
    expect(service.logs()).not.toContain('milk')
  })

  it('given an item that is only a title, when captured, then its title is analysed and found by its meaning', async () => {
    await using _service = await stand().start(offline)
    const history = createHistory()
    const id = newEntity()
    await stand().publish(history.created(id, 'Call Ana on Friday'))
    await finished(history, id, {
      ...allDone,
      download: 'skipped',
      publish_text: 'skipped',
    })
    expect(analysesOf(id)[0]?.body).toMatchObject({
      contentHash: sha256Hex('Call Ana on Friday'),
      result: { type: { value: 'task' }, due: { value: '2026-11-20' } },
    })
    const contentHash = sha256Hex('Call Ana on Friday')
    expect((await stand().derived(history.userId)).map(({ record }) => record)).toMatchObject([
      {
        type: 'synap.derived.Embedded',
        entityId: id,
        contentHash,
        vectors: [{ chunk: 0, start: 0, end: 18 }],
      },
    ])
  })

  it('given items with tags, when one like them is captured, then theirs are proposed, and those it names itself', async () => {
    await using _service = await stand().start(offline)
    const history = createHistory()
    const tagId = newEntity() as unknown as TagId
    for (const text of ['Sourdough starter and rye flour', 'Rye flour for a sourdough loaf']) {
      const { id, events } = await capture(history, text)
      await stand().publish(...events, history.event('entity.tag_added', id, { tagId, name: 'Baking' }))
      await finished(history, id)
    }
    const { id, events } = await capture(
      history,
      '---\ntags: [Weekend, baker]\n---\nFeed the sourdough with rye flour',
    )
    await stand().publish(...events)
    await finished(history, id)
    expect(analysesOf(id)[0]?.body).toMatchObject({
      result: {
        tags: [
          { name: 'Weekend', confidence: 0.95 },
          { name: 'baker', confidence: 0.95 },
          { name: 'Baking', confidence: 0.6 },
        ],
      },
    })
    const stranger = createHistory()
    const theirs = await capture(stranger, 'Feed my sourdough with rye flour')
    await stand().publish(...theirs.events)
    await finished(stranger, theirs.id)
    expect(analysesOf(theirs.id)[0]?.body).toMatchObject({ result: { tags: [] } })
  })

  it('given a long document, when captured, then its vectors come in blocks of 64', async () => {
    await using _service = await stand().start(offline)
    const history = createHistory()
    const section = (n: number) =>
      `## Part ${n}\n\n${`Sentence about topic ${n} in this part. `.repeat(25)}\n\n`
    const { id, events } = await capture(history, Array.from({ length: 80 }, (_, n) => section(n)).join(''))
    await stand().publish(...events)
    await finished(history, id)
    const blocks = (await stand().derived(history.userId)).map(({ record }) => record).slice(1)
    expect(blocks).toMatchObject([
      { block: 0, blockCount: 2 },
      { block: 1, blockCount: 2 },
    ])
    expect(blocks[0]?.type === 'synap.derived.Embedded' && blocks[0].vectors.length).toBe(64)
    expect(analysesOf(id)[0]?.body).not.toHaveProperty('result.type')
  })

  it('given a page and a PDF that is none, when captured, then one is read and the other unprocessable', async () => {
    await using _service = await stand().start(offline)
    const history = createHistory()
    const page = await capture(history, '<html><title>Cows</title><p>Milk is <b>white</b>.', 'html')
    const torn = await capture(history, '%PDF-1.7 torn', 'pdf')
    await stand().publish(...page.events, ...torn.events)
    await finished(history, page.id)
    expect(analysesOf(page.id)[0]?.body).toMatchObject({ result: { title: { value: 'Cows' } } })
    await eventually(
      'the torn one is judged',
      async () => {
        const steps = await stand().status(history.userId, torn.id)
        const extract = { state: 'skipped', error: 'unprocessable' }
        expect(steps.find(({ step }) => step === 'extract')).toMatchObject(extract)
        return true
      },
      waiting,
    )
  })

  it('given an image, when captured, then it is published as not analysable, and that is no failure', async () => {
    await using _service = await stand().start(offline)
    const history = createHistory()
    const { id, events } = await capture(history, 'not really an image', 'image')
    await stand().publish(...events)
    await finished(history, id, {
      download: 'skipped',
      extract: 'skipped',
      publish_text: 'done',
      analyse: 'skipped',
      embed: 'skipped',
      publish: 'skipped',
      record: 'skipped',
    })
    const steps = await stand().status(history.userId, id)
    expect(steps.find(({ step }) => step === 'extract')?.error).toBe('unsupported_type')
    expect((await stand().derived(history.userId)).map(({ record }) => record)).toMatchObject([
      { analysable: false, reason: 'unsupported_type', textKey: null },
    ])
    expect(analysesOf(id)).toEqual([])
  })

  it('given content that is damaged or gone, when captured, then it is given up with the reason and never read', async () => {
    await using service = await stand().start(offline)
    const history = createHistory()
    const damaged = await capture(history, 'the true words')
    await stand().objects.put(damaged.key, Buffer.from('other words'), { contentType: 'text/plain' })
    const missing = await capture(history, 'soon gone')
    await stand().objects.delete(missing.key)
    await stand().publish(...damaged.events, ...missing.events)
    for (const { id } of [damaged, missing]) {
      await eventually(
        'it is told as failed',
        async () => {
          expect((await states(history, id))['download']).toBe('failed')
          expect(analysesOf(id)[0]?.body).toMatchObject({ outcome: 'failed' })
          return true
        },
        waiting,
      )
    }
    expect((await stand().status(history.userId, damaged.id))[0]?.error).toBe('content.corrupt')
    expect((await stand().status(history.userId, missing.id))[0]?.error).toBe('object.not_found')
    expect(service.logs()).not.toContain('true words')
  })

  it('given a purge, when it comes, then texts are deleted and every record gets a tombstone', async () => {
    await using _service = await stand().start(offline)
    const history = createHistory()
    const { id, events, sha256 } = await capture(history, 'A secret thought')
    await stand().publish(...events)
    await finished(history, id)
    await stand().publish(history.event('entity.purged', id, {}))
    await eventually(
      'the tombstones are there',
      async () => {
        const tombstones = (await stand().derived(history.userId)).filter(
          ({ message }) => message.value === null,
        )
        expect(tombstones).toHaveLength(2)
        return true
      },
      waiting,
    )
    const key = derivedTextKey({ userId: history.userId, entityId: id, sha256 })
    await eventually('the text is gone', async () => !(await stand().objects.exists(key)), waiting)
  })
})
