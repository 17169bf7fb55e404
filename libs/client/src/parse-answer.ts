import { SynapError } from '@synap/core'
import type { z } from 'zod'

/**
 * Reads the JSON body of an answer. Fields that this build does not know are dropped, so that a newer server can say
 * more; anything else that does not fit rejects with `api.unexpected_answer` (configuration: the two do not belong
 * together).
 */
export async function parseAnswer<T>(schema: z.ZodType<T>, response: Response): Promise<T> {
  return parseText(schema, await response.text())
}

/** The same for a text that has been read. */
export function parseText<T>(schema: z.ZodType<T>, text: string): T {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch (cause) {
    throw unexpected('no JSON', '', cause)
  }
  const first = schema.safeParse(body)
  if (first.success) return first.data
  for (const issue of unknownKeys(first.error.issues)) dropKeys(body, issue.path, issue.keys)
  const second = schema.safeParse(body)
  if (second.success) return second.data
  const [issue] = second.error.issues
  throw unexpected(issue?.code ?? 'invalid', issue?.path.join('.') ?? '', undefined)
}

interface UnknownKeys {
  path: readonly PropertyKey[]
  keys: readonly string[]
}

function unknownKeys(issues: readonly z.core.$ZodIssue[]): UnknownKeys[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return [{ path: issue.path, keys: issue.keys }]
    if (issue.code !== 'invalid_union') return []
    return issue.errors.flatMap((branch) =>
      unknownKeys(branch).map(({ path, keys }) => ({ path: [...issue.path, ...path], keys })),
    )
  })
}

function dropKeys(body: unknown, path: readonly PropertyKey[], keys: readonly string[]): void {
  let at: unknown = body
  for (const step of path) at = (at as Record<PropertyKey, unknown> | undefined)?.[step]
  if (typeof at !== 'object' || at === null) return
  for (const key of keys) delete (at as Record<string, unknown>)[key]
}

function unexpected(problem: string, field: string, cause: unknown): SynapError {
  return new SynapError('an answer is not what this client expects', {
    code: 'api.unexpected_answer',
    class: 'configuration',
    fields: { problem, field },
    ...(cause === undefined ? {} : { cause }),
  })
}
