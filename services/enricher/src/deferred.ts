/**
 * Work that is not to be done now, for no fault of the item: a budget is used up, somebody paused it, the server of the
 * model is left alone for a while. No try is counted.
 */
export class Deferred extends Error {
  override readonly name = 'Deferred'
  /** Stable word: `budget.…`, `enrichment.paused`, `model.breaker_open`. */
  readonly code: string
  /** Milliseconds since 1970 when it goes on; null = when somebody says so. */
  readonly until: number | null

  /** `message`: one line for people. */
  constructor(message: string, { code, until }: { code: string; until: number | null }) {
    super(message)
    this.code = code
    this.until = until
  }
}
