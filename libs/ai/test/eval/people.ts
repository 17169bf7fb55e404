import { readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { type AnalyseInput, createOfflineProvider } from '../../src/index.ts'
import { type Half, halfOf } from './labelled.ts'
import { type Count, precision, recall } from './score.ts'

const lineSchema = z.strictObject({ text: z.string().min(1), people: z.array(z.string()) })
const folder = new URL('../../eval/people/', import.meta.url)

/** A sentence with the names of the people it mentions, with their forms of address; see `eval/README.md`. */
export interface LabelledSentence {
  text: string
  people: string[]
  /** ISO 639-1. */
  language: string
  half: Half
}

/** Throws on a line that is not in shape, or that names somebody who does not stand in it. */
export function readLabelledPeople(): LabelledSentence[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .toSorted()
    .flatMap((file) =>
      readFileSync(new URL(file, folder), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => {
          const { text, people } = lineSchema.parse(JSON.parse(line))
          const absent = people.find((name) => !text.includes(name))
          if (absent !== undefined) throw new RangeError(`${absent} does not stand in: ${text}`)
          return { text, people, language: file.replace('.jsonl', ''), half: halfOf(text) }
        }),
    )
}

export interface PeopleScore {
  sentences: number
  names: Count
  /** One line for each sentence whose names are not the labelled ones. */
  misses: string[]
}

/** Has the offline provider read the sentences as captures, and compares name by name. */
export async function scorePeople(
  sentences: readonly LabelledSentence[],
  signal: AbortSignal,
): Promise<PeopleScore> {
  const provider = createOfflineProvider()
  const score: PeopleScore = {
    sentences: sentences.length,
    names: { labelled: 0, found: 0, right: 0 },
    misses: [],
  }
  for (const { text, people, language } of sentences) {
    const found = (await provider.analyse(captured(text), signal)).people?.names ?? []
    const right = found.filter((name) => people.includes(name)).length
    score.names.labelled += people.length
    score.names.found += found.length
    score.names.right += right
    if (right === people.length && right === found.length) continue
    score.misses.push(`${language} "${text}": ${told(people)}, got ${told(found)}`)
  }
  return score
}

const told = (names: readonly string[]): string => (names.length === 0 ? 'nobody' : names.join(', '))

function captured(text: string): AnalyseInput {
  return {
    text,
    heading: null,
    structured: false,
    type: 'note',
    referenceMs: Date.parse('2026-11-18T14:30:00Z'),
    timeZone: 'Europe/Berlin',
    vocabulary: [],
  }
}

/** For people; misses only when asked for. */
export function renderPeople(half: Half, { sentences, names, misses }: PeopleScore, shown: boolean): string {
  const shares = `precision ${precision(names).toFixed(3)}, recall ${recall(names).toFixed(3)}`
  const counts = `${names.labelled} labelled, ${names.found} found, ${names.right} right`
  const lines = [`people, ${half} half, ${sentences} sentences: ${counts}, ${shares}`]
  return [...lines, ...(shown ? misses.map((miss) => `  ${miss}`) : [])].join('\n')
}
