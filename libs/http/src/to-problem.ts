import { SynapError } from '@synap/core'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import { explainIssue, type Issue, mustNotBeEmpty } from './explain-issue.ts'
import { type FieldError, ProblemError, problem } from './problem.ts'

const defaultRetrySeconds = 2
const maxFieldErrors = 100
/** The parts of a request, as `path` names them. */
const contexts = { body: 'body', querystring: 'query', params: 'params', headers: 'headers' } as const

/** What a client is told about any error thrown while its request was served. */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error
  if (error instanceof SynapError) return fromSynapError(error)
  if (hasZodFastifySchemaValidationErrors(error)) {
    return problem('validation', {
      errors: fieldErrors(error.validation, contexts[error.validationContext ?? 'body']),
    })
  }
  if (error instanceof Error && 'code' in error) return fromFramework(String(error.code), error)
  return problem('internal', { cause: error })
}

/** True for what an operator must see as an error: our fault, or damaged content. */
export function isOurFault(problemError: ProblemError): boolean {
  return problemError.kind === 'internal' || problemError.kind === 'contentDamaged'
}

function fromSynapError(error: SynapError): ProblemError {
  switch (error.class) {
    case 'dependency':
    case 'order':
      return problem('unavailable', {
        cause: error,
        retryAfter: (error.retryAfterMs ?? defaultRetrySeconds * 1_000) / 1_000,
      })
    case 'configuration':
      // A person has to act: nothing changes in seconds.
      return problem('unavailable', { cause: error, retryAfter: 30 })
    case 'data':
      return error.code === 'object.checksum_mismatch'
        ? problem('contentDamaged', { cause: error })
        : problem('refused', { cause: error })
    default:
      return problem('internal', { cause: error })
  }
}

/** Errors that fastify and its plugins make; by code, because their messages are for developers. */
function fromFramework(code: string, cause: Error): ProblemError {
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
    case 'FST_REQ_FILE_TOO_LARGE':
    case 'FST_PARTS_LIMIT':
    case 'FST_FILES_LIMIT':
    case 'FST_FIELDS_LIMIT':
      return problem('tooLarge', { cause })
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return problem('unsupportedMediaType', { cause })
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return problem('malformed', { cause, detail: 'The body is empty.' })
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
    case 'FST_ERR_ASYNC_CONSTRAINT':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return problem('malformed', { cause })
    default:
      return problem('internal', { cause })
  }
}

interface FieldIssue {
  instancePath: string
  message?: string
  keyword: string
  params: Record<string, unknown>
}

/** One entry per field and what is wrong with it; of an empty text not also that it is blank. Never says the value. */
function fieldErrors(issues: readonly object[], context: string): FieldError[] {
  const errors: FieldError[] = []
  const empty = new Set<string>()
  for (const { instancePath, keyword, message, params } of issues as readonly FieldIssue[]) {
    const path = [context, ...instancePath.split('/').filter((part) => part !== '')].join('.')
    const unknown = params['keys']
    if (keyword === 'unrecognized_keys' && Array.isArray(unknown)) {
      for (const key of unknown)
        errors.push({ path: `${path}.${printable(String(key))}`, message: 'is not known' })
      continue
    }
    if (empty.has(path)) continue
    const explained = explainIssue({ ...params, code: keyword, message } as Issue)
    if (explained === mustNotBeEmpty) empty.add(path)
    errors.push({ path: printable(path), message: explained })
  }
  return errors.slice(0, maxFieldErrors)
}

/** What is wrong with a value, below `context` (`body.entity`). */
export function zodFieldErrors(error: z.ZodError, context: string): FieldError[] {
  const issues = error.issues.map((issue) => ({
    instancePath: issue.path.map((step) => `/${String(step)}`).join(''),
    message: issue.message,
    keyword: issue.code,
    params: { ...issue },
  }))
  return fieldErrors(issues, context)
}

/** Names of fields come from the client: they go back short and as plain text. */
function printable(text: string): string {
  return text.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '\u{fffd}').slice(0, 200)
}
