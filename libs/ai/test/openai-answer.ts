import { type AnalyseInput, type Analysis, createOfflineProvider, type Due } from '../src/index.ts'
import { momentOf, wallTimeAt } from '../src/zone.ts'

/** What a message of the OpenAI driver holds; see `messageOf`. */
interface Message {
  now: string
  timeZone: string
  type: string
  vocabulary: string[]
  heading: string | null
  text: string
}

/** What a model would answer to a message of the driver, as JSON text: the offline provider's own analysis. */
export async function answerText(message: string): Promise<string> {
  const input = inputOf(JSON.parse(message) as Message)
  const analysis = await createOfflineProvider().analyse(input, AbortSignal.timeout(10_000))
  return JSON.stringify(answerOf(analysis, input))
}

function inputOf({ now, timeZone, type, vocabulary, heading, text }: Message): AnalyseInput {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0] = (now.match(/\d+/gu) ?? []).map(Number)
  const referenceMs = momentOf({ year, month, day, hour, minute }, timeZone)
  return { text, heading, structured: false, type, referenceMs, timeZone, vocabulary }
}

function answerOf({ title, summary, language, people, tags, intent, due }: Analysis, input: AnalyseInput) {
  const quote = intent.span === null ? null : input.text.slice(intent.span.start, intent.span.end)
  return {
    title,
    summary,
    language,
    people: people?.names ?? [],
    tags,
    intent: { kind: intent.kind, confidence: intent.confidence, quote },
    due: due === null ? null : dueOf(due, input.timeZone),
  }
}

function dueOf({ moment, text, confidence }: Due, timeZone: string) {
  if (moment.kind === 'date') return { date: moment.date, time: null, quote: text, confidence }
  const { year, month, day, hour, minute } = wallTimeAt(Date.parse(moment.at), timeZone)
  const two = (number: number) => String(number).padStart(2, '0')
  return {
    date: `${year}-${two(month)}-${two(day)}`,
    time: `${two(hour)}:${two(minute)}`,
    quote: text,
    confidence,
  }
}
