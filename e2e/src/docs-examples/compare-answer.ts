import type { ShownAnswer } from './read-examples.ts'

/** Shell variables by name. */
export type Variables = Record<string, string>

const ellipsis = '…'
const variable = /^\$([A-Z][A-Z0-9_]*)$/
/** Values that differ from run to run, by what they look like; the first that fits says what a value is. */
const kinds: readonly [name: string, pattern: RegExp][] = [
  ['an id', /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/],
  ['a correlation id', /^[0-9a-f]{32}$/],
  ['an instant', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/],
  ['a day', /^\d{4}-\d\d-\d\d$/],
  ['a key', /^syn_[A-Za-z0-9_-]{43}$/],
  ['the name of a request', /^urn:synap:request:[0-9a-f]{32}$/],
]

/**
 * What is not as the page says, one sentence each. Members, their types and all text must be the same, but for values that
 * differ from run to run (ids, instants, numbers): those must look alike. `…` in the page stands for more members or for any
 * value. `$NAME` there takes the value into `variables`; text that it has already must be the same again.
 */
export function compareAnswer(shown: ShownAnswer, real: string, variables: Variables): string[] {
  if (shown.kind === 'text') return compareLines(shown.text, real)
  let answer: unknown
  try {
    answer = JSON.parse(real)
  } catch {
    return [`the answer is no JSON: ${real.slice(0, 300)}`]
  }
  return compareValues(parseShown(shown.text), answer, { at: 'answer', variables })
}

/** JSON in which `…` may stand for members, and `$NAME` without quotes. */
function parseShown(text: string): unknown {
  const json = text
    .replaceAll(/([,{]\s*)…/g, `$1"${ellipsis}": 0`)
    .replaceAll(/([:[,]\s*)(\$[A-Z][A-Z0-9_]*)/g, '$1"$2"')
  return JSON.parse(json) as unknown
}

interface Place {
  at: string
  variables: Variables
}

function compareValues(shown: unknown, real: unknown, { at, variables }: Place): string[] {
  if (shown === ellipsis) return []
  if (typeof shown === 'string') return compareText(shown, real, { at, variables })
  if (Array.isArray(shown)) return compareLists(shown, real, { at, variables })
  if (typeof shown === 'object' && shown !== null) {
    if (typeof real !== 'object' || real === null || Array.isArray(real)) {
      return [`${at} is ${JSON.stringify(real)}, not an object`]
    }
    return compareObjects(shown as Record<string, unknown>, real as Record<string, unknown>, {
      at,
      variables,
    })
  }
  if (typeof shown === 'number' && typeof real === 'number') return []
  return shown === real ? [] : [`${at} is ${JSON.stringify(real)}, not ${JSON.stringify(shown)}`]
}

function compareObjects(
  shown: Record<string, unknown>,
  real: Record<string, unknown>,
  { at, variables }: Place,
): string[] {
  const mayHaveMore = ellipsis in shown
  const missing = Object.keys(shown).filter((key) => key !== ellipsis && !(key in real))
  const unknown = mayHaveMore ? [] : Object.keys(real).filter((key) => !(key in shown))
  const common = Object.keys(shown).filter((key) => key !== ellipsis && key in real)
  return [
    ...missing.map((key) => `${at}.${key} is missing`),
    ...unknown.map((key) => `${at}.${key} is not shown: ${JSON.stringify(real[key])}`),
    ...common.flatMap((key) => compareValues(shown[key], real[key], { at: `${at}.${key}`, variables })),
  ]
}

/** One item shown stands for all of them; several for as many. */
function compareLists(shown: readonly unknown[], real: unknown, { at, variables }: Place): string[] {
  if (!Array.isArray(real)) return [`${at} is ${JSON.stringify(real)}, not a list`]
  const [only] = shown
  if (shown.length === 1 && only === ellipsis) return []
  const isAsLong = shown.length === 1 ? real.length > 0 : real.length === shown.length
  if (!isAsLong) return [`${at} has ${real.length} items, not ${shown.length}: ${JSON.stringify(real)}`]
  return real.flatMap((item, index) =>
    compareValues(shown.length === 1 ? only : shown[index], item, { at: `${at}.${index}`, variables }),
  )
}

function compareText(shown: string, real: unknown, { at, variables }: Place): string[] {
  const name = variable.exec(shown)?.[1]
  if (name !== undefined) return takeVariable(name, real, { at, variables })
  if (typeof real !== 'string') return [`${at} is ${JSON.stringify(real)}, not text`]
  const expected = shown.replaceAll(/\$([A-Z][A-Z0-9_]*)/g, (text, key: string) => variables[key] ?? text)
  const [kind, pattern] = kinds.find(([, candidate]) => candidate.test(expected)) ?? []
  if (kind !== undefined) return pattern?.test(real) === true ? [] : [`${at} is "${real}", not ${kind}`]
  return lineMatches(expected, real) ? [] : [`${at} is "${real}", not "${expected}"`]
}

function takeVariable(name: string, real: unknown, { at, variables }: Place): string[] {
  if (typeof real !== 'string' && typeof real !== 'number') {
    return [`${at} is ${JSON.stringify(real)} and cannot become $${name}`]
  }
  const known = variables[name]
  if (typeof real === 'string' && known !== undefined && known !== real) {
    return [`${at} is "${real}", not $${name}, which is "${known}"`]
  }
  variables[name] = String(real)
  return []
}

/** Every line shown must come, in this order; others may stand between them. */
function compareLines(shown: string, real: string): string[] {
  const lines = real.split(/\r?\n/)
  let from = 0
  for (const line of shown.split('\n')) {
    const index = lines.findIndex((candidate, place) => place >= from && lineMatches(line, candidate))
    if (index === -1) return [`the line "${line}" did not come in:\n${real.slice(0, 2_000)}`]
    from = index + 1
  }
  return []
}

/** `…` in the shown text stands for anything. */
function lineMatches(shown: string, real: string): boolean {
  const parts = shown.split(ellipsis)
  if (parts.length === 1) return shown === real
  const [first = '', last = ''] = [parts[0], parts.at(-1)]
  if (!real.startsWith(first) || !real.endsWith(last)) return false
  let from = 0
  for (const part of parts) {
    const place = real.indexOf(part, from)
    if (place === -1) return false
    from = place + part.length
  }
  return true
}
