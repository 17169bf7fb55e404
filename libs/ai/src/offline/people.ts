import { peopleIn } from '../people.ts'
import type { AnalyseInput, People } from '../provider.ts'
import { fold } from '../words.ts'
import { directVerbs, meetings, neverPeople, titles, trades, withWords } from './people-words.ts'

/** Names in a text of more than this are told by a title alone: what a long text says of whom is no matter of single words. */
const shortText = 600
const readLength = 5_000

const word = String.raw`\p{Lu}(?:\p{Ll}|['’](?=\p{Lu}))[\p{L}\p{M}]*(?:-\p{Lu}\p{Ll}[\p{L}\p{M}]*)*`
const particle = String.raw`(?:(?:[Dd]e|[Vv]an|[Vv]on|[Dd]i|[Dd]a|[Dd]el|[Dd]er|[Ll]a|[Tt]er|[Dd]os)\s+)`
const name = String.raw`${word}(?:\s+${particle}{0,2}${word}){0,2}`
const between = String.raw`(?:\s*,\s*|\s+(?:and|und|et|y|e|i|en|och|&)\s+)`
const names = String.raw`${name}(?:${between}${name})*`
const apart = String.raw`(?<![\p{L}\p{N}'’.-])`

const list = (words: readonly string[]) => words.map(bothCases).join('|')
const bothCases = (text: string) => `[${text.charAt(0)}${text.charAt(0).toUpperCase()}]${text.slice(1)}`

const cues: readonly RegExp[] = [
  // "Call Ana", "Demander à Ana", "Frag Ana"
  new RegExp(`${apart}(?:${list(directVerbs)})\\s+(${names})`, 'gu'),
  // "lunch with Ana", "Termin mit Ana"
  new RegExp(`${apart}(?:${list(meetings)})\\s+(?:${list(withWords)})\\s+(${names})`, 'gu'),
  // "Mit Ana sprechen"
  new RegExp(
    `${apart}[Mm]it\\s+(${names})(?=[^.!?\\n]*\\s(?:sprechen|reden|telefonieren|treffen|klären|besprechen)(?![\\p{L}]))`,
    'gu',
  ),
]
// Of a German title one word: nouns stand behind it with capitals too.
const titled = [
  new RegExp(
    `${apart}((?:Frau|Herrn?)\\s+(?:(?:Dr|Prof)\\.\\s+)*)(?!(?:Dr|Prof)\\.)(${particle}{0,2}${word})`,
    'gu',
  ),
  new RegExp(
    `${apart}(?<!(?:Frau|Herrn?|Dr\\.|Prof\\.)\\s+)((?:(?:${titles})\\s+)+)(${particle}{0,2}${word}(?:\\s+${word})?)`,
    'gu',
  ),
]
const splitter = new RegExp(between, 'u')

/**
 * The people whom a text names, told by the words before them: verbs that reach somebody, meetings with somebody, forms of
 * address. Capital letters alone say nothing. Sooner nobody than somebody who is none.
 */
export function findPeople(input: AnalyseInput): People | null {
  const text = input.text === '' ? (input.heading ?? '') : input.text
  const read = text.slice(0, readLength).normalize('NFC')
  const found = titled.flatMap((pattern) =>
    [...read.matchAll(pattern)].flatMap(([, title = '', rest = '']) => {
      const named = personIn(rest)
      return named === null ? [] : [`${title.trim()} ${named}`]
    }),
  )
  const addressed = new Set(found.flatMap((whole) => whole.split(/\s+/u)))
  if (!input.structured && text.length <= shortText && !isHeadline(read)) {
    for (const cue of cues) {
      for (const [, group = ''] of read.matchAll(cue)) {
        const named = group.split(splitter).map(personIn)
        found.push(
          ...(named.filter((one) => one !== null && !addressed.has(one) && !isFirm(one, read)) as string[]),
        )
      }
    }
  }
  return peopleIn(found, { heading: input.heading, text: input.text }, 0.7)
}

/** The words of it up to one that is no name, such as a day: "Karim Monday". Null when that is the first. */
function personIn(words: string): string | null {
  const parts = words.replace(/['’]s?$/u, '').split(/\s+/u)
  const end = parts.findIndex((part) => isNoName(fold(part)))
  const name = (end < 0 ? parts : parts.slice(0, end)).join(' ')
  return /(?:^|\s)\p{Lu}[\p{L}\p{M}'’-]+$/u.test(name) ? name : null
}

const isNoName = (word: string): boolean => neverPeople.has(word) || trades.test(word)

/** "Message Broker Comparison": where every word has a capital, capitals tell nothing. */
function isHeadline(text: string): boolean {
  const words = text.match(/\p{L}+/gu) ?? []
  return words.length > 3 && words.every((one) => /^\p{Lu}/u.test(one))
}

/** What a firm calls itself: "Ask Acme Ltd". */
function isFirm(name: string, text: string): boolean {
  const rest = text.slice(text.indexOf(name) + name.search(/\s|$/u))
  return /^(?:\s+\p{Lu}\S*)*\s+(?:GmbH|AG|Ltd|Inc|LLC|SA|d\.o\.o)(?!\p{L})/u.test(rest)
}
