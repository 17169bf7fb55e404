import { inspect } from 'node:util'

/**
 * What a failure calls for (design: delivery and failure).
 *
 * - `data`: this input can never be applied; park it and go on.
 * - `order`: something is missing before it; fetch it.
 * - `dependency`: a server is away or slow; wait and try again, commit nothing.
 * - `configuration`: a person has to act; halt, not ready, say why.
 * - `bug`: our own mistake; log and end the process.
 */
export type ErrorClass = 'data' | 'order' | 'dependency' | 'configuration' | 'bug'

export interface SynapErrorOptions {
  /** Stable, dotted, lower case: `postgres.unavailable`. Programs branch on it. */
  code: string
  class: ErrorClass
  cause?: unknown
  /** Milliseconds after which a retry may help, when the other side said so. */
  retryAfterMs?: number
  /** Facts for a log line; never content or secrets. */
  fields?: Record<string, string | number | boolean | null>
}

/** An error that says what it calls for. Adapters make it from their driver's errors; nobody else reads those. */
export class SynapError extends Error {
  override readonly name = 'SynapError'
  readonly code: string
  readonly class: ErrorClass
  readonly retryAfterMs: number | undefined
  readonly fields: Record<string, string | number | boolean | null>

  constructor(message: string, options: SynapErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = options.code
    this.class = options.class
    this.retryAfterMs = options.retryAfterMs
    this.fields = options.fields ?? {}
  }
}

/** The class of any thrown value; what no adapter has classified is a bug. */
export function errorClass(error: unknown): ErrorClass {
  return error instanceof SynapError ? error.class : 'bug'
}

/** One line about any thrown value, causes included: `a: b: c`. */
export function describeError(error: unknown): string {
  const parts: string[] = []
  let current: unknown = error
  while (current !== undefined && current !== null && parts.length < 5) {
    const text = current instanceof Error ? current.message || current.name : inspect(current)
    if (!parts.includes(text)) parts.push(text)
    current = current instanceof Error ? current.cause : undefined
  }
  return parts.join(': ')
}
