/** Names of HTTP headers with a meaning of ours or a fixed spelling; lower case, as Node gives them. */
export const httpHeaders = {
  authorization: 'authorization',
  idempotencyKey: 'idempotency-key',
  /** Says `true` when an answer is the stored one of an earlier request with the same key. */
  idempotencyReplayed: 'idempotency-replayed',
  etag: 'etag',
  ifMatch: 'if-match',
  ifNoneMatch: 'if-none-match',
  location: 'location',
  link: 'link',
  retryAfter: 'retry-after',
  /** The user a service acts for; needs the scope `act:any`. */
  user: 'synap-user',
  /** IANA name: the time zone that the dates in what is captured are meant in. */
  timeZone: 'synap-time-zone',
  /** The sequence that an answer of query is true for. */
  sequence: 'synap-sequence',
  minSequence: 'synap-min-sequence',
  /** Where a stream of events goes on: the sequence of the last one that was received. */
  lastEventId: 'last-event-id',
  /** Sequences of the user that are parked, comma separated. */
  parked: 'synap-parked',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
} as const

export const problemContentType = 'application/problem+json'
