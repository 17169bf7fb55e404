import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Analysis, DueMoment, IntentKind } from '../provider.ts'
import { createOfflineProvider } from './provider.ts'

interface Capture {
  text: string
  intent: IntentKind
  title?: string
  due: string | null
}
interface CaptureSet {
  reference: string
  timeZone: string
  captures: Capture[]
}

const url = new URL('../../eval/captures.json', import.meta.url)
const set = JSON.parse(readFileSync(url, 'utf8')) as CaptureSet
const provider = createOfflineProvider()

function analyse(
  text: string,
  change: Partial<Parameters<typeof provider.analyse>[0]> = {},
): Promise<Analysis> {
  const input = {
    text,
    heading: null,
    structured: false,
    type: 'note',
    referenceMs: Date.parse(set.reference),
    timeZone: set.timeZone,
    vocabulary: [],
    ...change,
  }
  return provider.analyse(input, AbortSignal.timeout(5_000))
}

const written = (moment: DueMoment | undefined) =>
  moment === undefined ? null : moment.kind === 'date' ? moment.date : moment.at

describe('the labelled captures', () => {
  it('given the set, when counted, then it holds at least 60 captures, a third of them hard negatives', () => {
    expect(set.captures.length).toBeGreaterThanOrEqual(60)
    const notes = set.captures.filter(({ intent }) => intent === 'note').length
    expect(notes / set.captures.length).toBeGreaterThan(0.33)
  })

  it.each(set.captures)('given "$text", when analysed, then it is a $intent due $due', async (capture) => {
    const { intent, due, title } = await analyse(capture.text)
    expect({ intent: intent.kind, due: written(due?.moment) }).toEqual({
      intent: capture.intent,
      due: capture.due,
    })
    expect(title).toBe(capture.title ?? title)
    expect(capture.text.slice(due?.span.start ?? 0, due?.span.end ?? 0)).toBe(due?.text ?? '')
  })
})

describe('time zones', () => {
  it('given late evening in Honolulu, when "tomorrow" is said, then it is the day after the one there', async () => {
    const referenceMs = Date.parse('2026-11-19T05:00:00Z')
    const there = await analyse('Buy milk tomorrow', { referenceMs, timeZone: 'Pacific/Honolulu' })
    const here = await analyse('Buy milk tomorrow', { referenceMs, timeZone: 'Asia/Tokyo' })
    expect(written(there.due?.moment)).toBe('2026-11-19')
    expect(written(here.due?.moment)).toBe('2026-11-20')
  })

  it('given clocks set back between now and then, when a time is said, then it is the time on the clock', async () => {
    const referenceMs = Date.parse('2026-10-23T10:00:00Z')
    const { due } = await analyse('Call Ana on Monday at 3pm', { referenceMs, timeZone: 'Europe/Berlin' })
    expect(written(due?.moment)).toBe('2026-10-26T14:00:00.000Z')
  })

  it('given a named zone in the text, when a time is said, then that zone counts', async () => {
    const { due } = await analyse('Call Ana tomorrow at 3pm EST')
    expect(written(due?.moment)).toBe('2026-11-19T20:00:00.000Z')
  })
})

describe('documents', () => {
  it('given a README full of orders, when analysed, then it stays a note with its own title', async () => {
    const text =
      'milk-parser\n\nInstall the package tomorrow.\n\nCall the function.\n\nnpm install milk-parser'
    const result = await analyse(text, { heading: 'milk-parser', structured: true })
    expect(result.intent.kind).toBe('note')
    expect(result.due).toBeNull()
    expect(result.title).toBe('milk-parser')
  })

  it('given a long plain text that begins like an order, when analysed, then it stays a note', async () => {
    const { intent } = await analyse(
      `Buy milk tomorrow. ${'The rest of this text is about something else. '.repeat(20)}`,
    )
    expect(intent.kind).toBe('note')
  })

  it('given a type the person chose, when the wording is unknown, then the date is still found', async () => {
    const { due } = await analyse('Quarterly figures tomorrow', { type: 'task' })
    expect(written(due?.moment)).toBe('2026-11-19')
  })
})

describe('captures as they are typed', () => {
  it.each([
    ['remember to renew passport #admin #travel', 'Renew passport'],
    ['fix the leaking tap in the kitchen!!', 'Fix the leaking tap in the kitchen'],
    ['#garden', '#garden'],
    ['Learn C# and F#', 'Learn C# and F#'],
  ])('given %j, when analysed, then its title is %j', async (text, title) => {
    expect((await analyse(text)).title).toBe(title)
  })

  it('given few words that look like a rare language, when analysed, then none is claimed', async () => {
    expect((await analyse('call mum re: birthday cake sat')).language).toBeNull()
    expect((await analyse('Buy milk tomorrow')).language).toBe('en')
    expect((await analyse('今日はとても寒い')).language).toBe('ja')
  })
})

describe('tags', () => {
  it("given the user's tags, when their words occur, then those are proposed as the user writes them", async () => {
    const { tags } = await analyse('Buy milk and eggs at the market', {
      vocabulary: ['Milk', 'Travel', 'market'],
    })
    expect(tags.map(({ name }) => name)).toEqual(['Milk', 'market'])
  })

  it('given no tag that fits, when a word keeps coming back, then that one alone is proposed', async () => {
    const { tags } = await analyse(
      'Sourdough needs time. Feed the sourdough. A sourdough sleeps. Bread and bread and salt.',
    )
    expect(tags).toEqual([{ name: 'sourdough', confidence: 0.4 }])
  })

  it('given hashtags, when analysed, then they come first', async () => {
    const { tags } = await analyse('Buy milk #Errand', { vocabulary: ['errand', 'milk'] })
    expect(tags[0]).toEqual({ name: 'errand', confidence: 0.95 })
  })

  it('given items like it, when most have a tag, then it is set; when some do, it is suggested', async () => {
    const { tags } = await analyse('Feed the starter before the weekend', {
      neighbours: [
        { likeness: 0.5, tags: ['Baking'] },
        { likeness: 0.4, tags: ['Baking', 'Kitchen'] },
        { likeness: 0.3, tags: ['Kitchen'] },
        { likeness: 0.2, tags: ['Travel'] },
      ],
    })
    expect(tags).toEqual([
      { name: 'Baking', confidence: 0.6 },
      { name: 'Kitchen', confidence: 0.6 },
    ])
    const some = await analyse('Feed the starter', {
      neighbours: [
        { likeness: 0.5, tags: ['Garden'] },
        { likeness: 0.4, tags: ['Travel'] },
        { likeness: 0.7, tags: ['Baking'] },
      ],
    })
    expect(some.tags).toEqual([{ name: 'Baking', confidence: 0.35 }])
  })

  it('given tags that the document names, when analysed, then they are the first, plain, and in the user’s spelling', async () => {
    const { tags } = await analyse('About bees', {
      structured: true,
      vocabulary: ['Garden'],
      ownTags: ['garden', '#roof', 'garden', '![x](https://evil.example/a)', '  '],
    })
    expect(tags).toEqual([
      { name: 'Garden', confidence: 0.95 },
      { name: 'roof', confidence: 0.95 },
      { name: 'x', confidence: 0.95 },
    ])
  })

  it('given a long text, when it names an own tag in passing, then that is not proposed; when it dwells on it, it is', async () => {
    const filler = Array.from(
      { length: 40 },
      (_, index) => `Oven number ${index} bakes bread with flour and salt.`,
    )
    const options = { structured: true, vocabulary: ['milk'] }
    const passing = await analyse(`${filler.join(' ')} Somebody mentioned milk once.`, options)
    expect(passing.tags.map(({ name }) => name)).not.toContain('milk')
    const dwelling = await analyse(`${filler.join(' ')} ${'Milk it is. '.repeat(30)}`, options)
    expect(dwelling.tags.map(({ name }) => name)).toContain('milk')
  })

  it('given words that other items dwell on, when a new tag is due, then theirs come before a word of its own, and common ones never', async () => {
    const text = 'Sourdough sourdough sourdough. Oven oven. Page page page page.'
    const input = { sharedStems: ['oven'], commonStems: ['page'] }
    expect((await analyse(text, input)).tags).toEqual([{ name: 'oven', confidence: 0.45 }])
    expect((await analyse(text, { commonStems: ['page'] })).tags).toEqual([
      { name: 'sourdough', confidence: 0.4 },
    ])
    expect((await analyse(text, { ...input, newTags: 0 })).tags).toEqual([])
  })
})

describe('the provider', () => {
  it('given its names, when read, then they say that it is no model', () => {
    expect(provider.offline).toBe(true)
    expect([provider.name, provider.model, provider.embeddingModel]).toEqual([
      'synap-offline',
      'synap-offline-1',
      'synap-offline-1',
    ])
  })

  it('given the same text twice, when analysed, then the answers are equal', async () => {
    expect(await analyse('Buy milk tomorrow')).toEqual(await analyse('Buy milk tomorrow'))
  })

  it('given an aborted signal, when asked, then it stops', async () => {
    const stopped = AbortSignal.abort(new Error('stop'))
    await expect(provider.embed(['milk'], stopped)).rejects.toThrow('stop')
  })
})
