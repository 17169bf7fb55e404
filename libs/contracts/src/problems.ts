/** A kind of error answer (RFC 9457). `type` is stable for ever: programs branch on it. */
export interface ProblemKind {
  readonly type: string
  readonly title: string
  readonly status: number
}

const kind = <Name extends string>(name: Name, status: number, title: string) => ({
  type: `urn:synap:problem:${name}` as const,
  title,
  status,
})

/** Every kind of problem that either service answers with. */
export const problems = {
  malformed: kind('malformed', 400, 'The request cannot be read'),
  validation: kind('validation', 400, 'The request is not valid'),
  unauthenticated: kind('unauthenticated', 401, 'A valid credential is needed'),
  forbidden: kind('forbidden', 403, 'The credential does not allow this'),
  notFound: kind('not-found', 404, 'There is nothing here'),
  methodNotAllowed: kind('method-not-allowed', 405, 'This method is not allowed here'),
  notAcceptable: kind('not-acceptable', 406, 'No answer of the wanted kind'),
  requestTimeout: kind('request-timeout', 408, 'The request took too long to arrive'),
  conflict: kind('conflict', 409, 'It was changed at the same time'),
  idempotencyInFlight: kind('idempotency-in-flight', 409, 'The same request is still being worked on'),
  gone: kind('gone', 410, 'It is gone'),
  preconditionFailed: kind('precondition-failed', 412, 'It has another version'),
  tooLarge: kind('too-large', 413, 'The request is too large'),
  unsupportedMediaType: kind('unsupported-media-type', 415, 'This media type is not understood'),
  rangeNotSatisfiable: kind('range-not-satisfiable', 416, 'This range cannot be served'),
  refused: kind('refused', 422, 'This cannot be done'),
  idempotencyMismatch: kind('idempotency-mismatch', 422, 'The key was used for another request'),
  rateLimited: kind('rate-limited', 429, 'Too many requests'),
  internal: kind('internal', 500, 'Something went wrong on our side'),
  contentDamaged: kind('content-damaged', 502, 'The stored content does not match its checksum'),
  unavailable: kind('unavailable', 503, 'A part of Synap is not available'),
  notCaughtUp: kind('not-caught-up', 503, 'The read model has not caught up yet'),
  parked: kind('parked', 503, 'A change to this could not be applied yet'),
} as const satisfies Record<string, ProblemKind>

export type ProblemName = keyof typeof problems
