import type { z } from 'zod'

/** What zod found, as far as it says so: of an issue of fastify's the code is its keyword, and all else its parameters. */
export type Issue = Partial<z.core.$ZodRawIssue> & { message?: string }

export const mustNotBeEmpty = 'must not be empty'

const nouns: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
}

/** What each of the formats looks like. */
const formats: Record<string, string> = {
  uuid: 'must be a UUID',
  date: 'must be a day, such as 2026-12-01',
  datetime: 'must be an instant with its zone, such as 2026-12-01T15:00:00Z',
}

/**
 * What is wrong with a field, for who has to put it right: what it must be, with its bounds, and never the value. What a schema of
 * ours says by itself stays as it is.
 */
export function explainIssue(issue: Issue): string {
  return isZodsOwn(issue) ? (ownWords(issue) ?? issue.message ?? 'is not valid') : (issue.message as string)
}

/** Zod's own sentences begin so; ours say "must …" or "is …". */
function isZodsOwn({ message }: Issue): boolean {
  return message === undefined || /^(?:Invalid|Too big|Too small|Unrecognized)\b/.test(message)
}

function ownWords(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return ofAnotherType(issue)
    case 'invalid_value':
      return oneOf(issue.values ?? [])
    case 'invalid_format':
      return formats[issue.format ?? '']
    case 'too_small':
      return bounded(issue.origin, issue.minimum, 'at least')
    case 'too_big':
      return bounded(issue.origin, issue.maximum, 'at most')
    case 'invalid_union':
      return eitherOr((issue.errors ?? []) as Issue[][])
    default:
      return undefined
  }
}

function ofAnotherType({ expected, message = '' }: Issue & { expected?: string }): string | undefined {
  if (message.endsWith('received undefined')) return 'is needed'
  if (expected === 'string' && message.endsWith('received array')) return 'must be given once'
  const noun = nouns[expected ?? '']
  return noun === undefined ? undefined : `must be ${noun}`
}

function oneOf(values: readonly unknown[]): string {
  const names = values.map(String)
  return names.length === 1 ? `must be ${names[0]}` : `must be one of ${names.join(', ')}`
}

function bounded(origin: string | undefined, bound: unknown, most: 'at least' | 'at most'): string {
  const limit = String(bound)
  if (most === 'at least' && limit === '1' && (origin === 'string' || origin === 'array'))
    return mustNotBeEmpty
  if (origin === 'string') return `must have ${most} ${limit} characters`
  if (origin === 'array') return `must have ${most} ${limit} ${limit === '1' ? 'item' : 'items'}`
  return `must be ${most} ${limit}`
}

/** Of the alternatives those that are not simply of another type, each said once. */
function eitherOr(alternatives: readonly (readonly Issue[])[]): string | undefined {
  const said = (code: (issue: Issue) => boolean) =>
    new Set(
      alternatives.flatMap(([first]) => (first !== undefined && code(first) ? [explainIssue(first)] : [])),
    )
  const nearer = said((issue) => issue.code !== 'invalid_type')
  const all = nearer.size > 0 ? nearer : said(() => true)
  return all.size === 0 ? undefined : [...all].join(', or ')
}
