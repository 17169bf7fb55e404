import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Span } from '../../src/index.ts'

export type Half = 'tune' | 'sealed'

const lineSchema = z.strictObject({
  text: z.string().min(1),
  intent: z.enum(['task', 'event', 'idea', 'note']),
  title: z.string().optional(),
  due: z.union([z.iso.date(), z.iso.datetime({ precision: 3 })]).nullable(),
  quote: z.string().optional(),
  at: z.iso.datetime({ precision: 3 }),
  zone: z.string(),
})

/** A capture with what a person would expect of it; the fields are explained in `eval/README.md`. */
export interface LabelledCapture extends z.infer<typeof lineSchema> {
  /** ISO 639-1. */
  language: string
  half: Half
  /** Where `quote` stands in the text; null without a date. */
  span: Span | null
}

const folder = new URL('../../eval/labelled/', import.meta.url)

/** Every labelled capture, by language, in the order of the files. Throws on a line that is not in shape. */
export function readLabelled(): LabelledCapture[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .toSorted()
    .flatMap((name) =>
      readFileSync(new URL(name, folder), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => captureOf(line, name.replace('.jsonl', ''))),
    )
}

function captureOf(line: string, language: string): LabelledCapture {
  const fields = lineSchema.parse(JSON.parse(line))
  const { text, due, quote } = fields
  if ((due === null) !== (quote === undefined))
    throw new RangeError(`a date and its words go together: ${text}`)
  return { ...fields, language, half: halfOf(text), span: quote === undefined ? null : spanOf(text, quote) }
}

function spanOf(text: string, quote: string): Span {
  const start = text.indexOf(quote)
  if (start < 0 || text.includes(quote, start + 1))
    throw new RangeError(`the words do not occur once: ${text}`)
  return { start, end: start + quote.length }
}

/** By a hash of the sentence, so that nobody chooses and a new line moves no other. */
export function halfOf(text: string): Half {
  return (createHash('sha256').update(text).digest()[0] ?? 0) % 2 === 0 ? 'tune' : 'sealed'
}
