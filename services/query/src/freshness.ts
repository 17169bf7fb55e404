import { httpHeaders } from '@synap/contracts'
import { problem } from '@synap/http'

/** How new an answer has to be. */
export interface Freshness {
  /** The answer holds the user's events up to this sequence; 0 = whatever there is. */
  minSequence: number
  /** Milliseconds to wait for it. */
  waitMs: number
  /** Then answer all the same, with the sequence that it is true for. */
  staleAllowed: boolean
}

export interface FreshnessParameters {
  min_sequence?: number | undefined
  wait?: number | undefined
  stale?: 'allow' | undefined
}

const defaultWaitMs = 2_000
/** Below the time after which a request is given up, with room for the read itself. */
export const maxWaitMs = 10_000

/** What a request asks for, in its query string or in the header `Synap-Min-Sequence`; of two the higher counts. */
export function freshnessOf(
  parameters: FreshnessParameters,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Freshness {
  return {
    minSequence: Math.max(parameters.min_sequence ?? 0, headerSequence(headers[httpHeaders.minSequence])),
    waitMs: Math.min(parameters.wait ?? defaultWaitMs, maxWaitMs),
    staleAllowed: parameters.stale === 'allow',
  }
}

function headerSequence(header: string | string[] | undefined): number {
  if (header === undefined) return 0
  if (typeof header === 'string' && /^(0|[1-9][0-9]{0,14})$/.test(header)) return Number(header)
  const path = `headers.${httpHeaders.minSequence}`
  throw problem('validation', { errors: [{ path, message: 'must be a whole number' }] })
}
