import { plainLine } from './plain-line.ts'
import type { AnalyseInput, People } from './provider.ts'

const mostPeople = 10
const longestName = 80
const readNames = 100

/**
 * Names that somebody offers for the people in a text, as they stand in it: plain, in the order of first mention, each once. What
 * does not stand there as a word of its own was made up and is left out. Null when no name is left.
 */
export function peopleIn(
  offered: readonly string[],
  { heading, text }: Pick<AnalyseInput, 'heading' | 'text'>,
  confidence: number,
): People | null {
  const whole = `${heading ?? ''}\n${text}`.normalize('NFC')
  const found = new Map<string, { name: string; at: number }>()
  for (const name of offered.slice(0, readNames)) {
    const place = placeOf(whole, nameLine(name))
    if (place === null || place.name.length > longestName) continue
    const key = place.name.toLowerCase()
    if (!found.has(key)) found.set(key, place)
  }
  const names = [...found.values()].sort((a, b) => a.at - b.at).map(({ name }) => name)
  return names.length === 0 ? null : { names: names.slice(0, mostPeople), confidence }
}

/** A name as one plain line up to its first comma: names are told with commas between them. */
function nameLine(name: string): string {
  const line = plainLine(name, 4 * longestName)?.normalize('NFC') ?? ''
  return line.split(',')[0]?.trim() ?? ''
}

/** Where it stands first, whatever its case and spaces, spelled as there. */
function placeOf(text: string, name: string): { name: string; at: number } | null {
  if (name.length > longestName || !/\p{L}/u.test(name)) return null
  const words = name.split(/\s+/u).map((word) => word.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`))
  const found = new RegExp(
    `${edge('<!', name.at(0))}${words.join(String.raw`\s+`)}${edge('!', name.at(-1))}`,
    'iu',
  ).exec(text)
  if (found === null) return null
  const [stands] = found
  return { name: stands.replaceAll(/\s+/gu, ' '), at: found.index }
}

/** Letters next to it would make it a part of another word, but where words stand without spaces. */
function edge(side: '<!' | '!', sign = ''): string {
  const apart =
    /[\p{L}\p{N}]/u.test(sign) && !/[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Hang}]/u.test(sign)
  return apart ? String.raw`(?${side}[\p{L}\p{N}\p{M}])` : ''
}
