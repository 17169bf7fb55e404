import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A note of the labelled set: what a person would have written down. */
export interface LabelledNote {
  id: string
  type: 'note' | 'task' | 'project' | 'idea'
  title?: string
  text: string
  tags?: readonly string[]
  /** As a detector would say it; null when it would not trust itself. Some short ones carry a wrong one. */
  language: string | null
}

/** A question with the notes that answer it: 2 = what was looked for, 1 = of use beside it. */
export interface LabelledQuestion {
  q: string
  relevant: Readonly<Record<string, 1 | 2>>
}

/**
 * Sentences of our own, made before any rule of the search was tuned. Questions are of one word, of other forms of words,
 * beginnings and names, with typing errors, whole questions, in other words, and in several languages.
 */
export function readLabelledSet(): {
  notes: readonly LabelledNote[]
  questions: readonly LabelledQuestion[]
} {
  const text = readFileSync(join(import.meta.dirname, 'labelled-set.json'), 'utf8')
  return JSON.parse(text) as ReturnType<typeof readLabelledSet>
}
