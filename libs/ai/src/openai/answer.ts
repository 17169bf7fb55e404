import { z } from 'zod'
import { knownTags, ownTagsOf, tagLine } from '../own-tags.ts'
import { peopleIn } from '../people.ts'
import { plainLine } from '../plain-line.ts'
import type { AnalyseInput, Analysis, Due, DueMoment, Span, TagProposal, Usage } from '../provider.ts'
import { fold } from '../words.ts'
import { momentOf, wallTimeAt } from '../zone.ts'

/**
 * The shape a model must answer in. Nullable, never optional: strict structured output wants every field named. No
 * lengths or patterns here, as servers differ in what they accept; `analysisOf` bounds what comes back.
 */
export const answerSchema = z.strictObject({
  title: z.string().nullable(),
  summary: z.string().nullable(),
  language: z.string().nullable(),
  people: z.array(z.string()),
  tags: z.array(z.strictObject({ name: z.string(), confidence: z.number() })),
  intent: z.strictObject({
    kind: z.enum(['task', 'event', 'idea', 'note']),
    confidence: z.number(),
    quote: z.string().nullable(),
  }),
  due: z
    .strictObject({
      date: z.string(),
      time: z.string().nullable(),
      quote: z.string(),
      confidence: z.number(),
    })
    .nullable(),
})

export type Answer = z.infer<typeof answerSchema>

const mostTags = 5

/**
 * What a model's answer amounts to: bounded, without links or markup, dates that exist, no more new tags than allowed
 * (`newTags`). A field that does not hold is left out, the rest stands.
 */
export function analysisOf(answer: Answer, input: AnalyseInput, usage: Usage): Analysis {
  return {
    title: lineOf(answer.title, 200),
    titleConfidence: 0.9,
    summary: lineOf(answer.summary, 600),
    language: /^[a-z]{2}$/u.test(answer.language ?? '') ? answer.language : null,
    people: peopleIn(answer.people, input, 0.8),
    tags: tagsOf(answer, input),
    intent: {
      kind: answer.intent.kind,
      confidence: share(answer.intent.confidence),
      span: spanOf(input.text, answer.intent.quote),
    },
    due: dueOf(answer, input),
    usage,
  }
}

/** What the document names first, then what the model chose: of tags that the user does not have, as many as may be new. */
function tagsOf({ tags }: Answer, input: AnalyseInput): TagProposal[] {
  const known = knownTags(input)
  const chosen = new Map(ownTagsOf(input).map((own) => [fold(own.name), own]))
  const most = Math.max(mostTags, chosen.size)
  const mostNew = input.newTags ?? 1
  let fresh = 0
  for (const { name, confidence } of tags) {
    const text = tagLine(name)
    const own = known.get(fold(text))
    if (text === '' || chosen.has(fold(text)) || chosen.size >= most) continue
    if (own === undefined && ++fresh > mostNew) continue
    chosen.set(fold(text), { name: own ?? text.toLowerCase(), confidence: share(confidence) })
  }
  return [...chosen.values()]
}

function dueOf({ due }: Answer, { text, timeZone }: AnalyseInput): Due | null {
  if (due === null) return null
  const span = spanOf(text, due.quote)
  const moment = momentFrom(due.date, due.time, timeZone)
  // A date the text does not name is a date the model made up.
  if (moment === null || span === null) return null
  return { moment, text: due.quote, span, confidence: share(due.confidence) }
}

function momentFrom(date: string, time: string | null, timeZone: string): DueMoment | null {
  const [, year = '', month = '', day = ''] = /^(\d{4})-(\d{2})-(\d{2})$/u.exec(date) ?? []
  const parsed = new Date(`${year}-${month}-${day}T00:00:00Z`)
  if (Number.isNaN(parsed.getTime()) || parsed.getUTCDate() !== Number(day)) return null
  if (time === null) return { kind: 'date', date }
  const [, hour = '', minute = ''] = /^([01]\d|2[0-3]):([0-5]\d)(?::\d{2})?$/u.exec(time) ?? []
  if (hour === '') return { kind: 'date', date }
  const wall = { ...wallTimeAt(parsed.getTime(), 'UTC'), hour: Number(hour), minute: Number(minute) }
  return { kind: 'instant', at: new Date(momentOf(wall, timeZone)).toISOString() }
}

function spanOf(text: string, quote: string | null): Span | null {
  if (quote === null || quote.trim() === '') return null
  const start = text.toLowerCase().indexOf(quote.toLowerCase())
  return start < 0 ? null : { start, end: start + quote.length }
}

const lineOf = (text: string | null, longest: number): string | null =>
  text === null ? null : plainLine(text, longest)

function share(value: number): number {
  return Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0
}
