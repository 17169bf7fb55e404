import type { SearchHit } from '@synap/contracts'

export type Highlight = SearchHit['highlights'][number]

/** Longest passage shown of a hit that was found by meaning only, in UTF-16 code units. */
const excerptLength = 240

/** The fragments of a marked text (see `markWords`), with the places of the marks in the text that is shown. */
export function parseMarked(marked: string): Highlight[] {
  return marked
    .split('\u{e002}')
    .filter((fragment) => fragment.includes('\u{e000}'))
    .map((fragment) => {
      let text = ''
      const marks: [number, number][] = []
      for (const part of fragment.trim().split('\u{e000}')) {
        const [hit, rest] = part.split('\u{e001}', 2)
        if (rest === undefined) {
          text += part
          continue
        }
        marks.push([text.length, text.length + (hit ?? '').length])
        text += `${hit ?? ''}${rest}`
      }
      return { text, marks }
    })
}

/** The beginning of a passage, cut between words where there is one. */
export function excerptOf(passage: string): Highlight | undefined {
  const text = passage.replace(/\s+/gu, ' ').trim()
  if (text === '') return undefined
  if (text.length <= excerptLength) return { text, marks: [] }
  const space = text.lastIndexOf(' ', excerptLength)
  // Half a character is left out rather than shown broken.
  const whole = text.slice(0, excerptLength).isWellFormed() ? excerptLength : excerptLength - 1
  return { text: `${text.slice(0, space > excerptLength / 2 ? space : whole)}…`, marks: [] }
}
