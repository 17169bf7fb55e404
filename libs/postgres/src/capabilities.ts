import type { Client, Pool } from './pool.ts'

/** What a database can do beyond plain SQL. Code that wants one of these asks, and has another way without it. */
export interface Capabilities {
  /** `COPY … FROM STDIN` over a connection (`copyBinary`). Without: rows by `unnest`. */
  copy: boolean
  /** The server itself ends a statement at its limit. Without, only the client stops waiting, and nothing is freed. */
  statementTimeout: boolean
  /** More than one connection at a time. Without: a pool of one, so that no lock is ever waited for. */
  manySessions: boolean
  /** Statements may be sent before the ones before them are answered. Without, each waits for its turn in the process. */
  pipelining: boolean
}

/** A Postgres server. */
export const serverCapabilities: Capabilities = {
  copy: true,
  statementTimeout: true,
  manySessions: true,
  pipelining: true,
}

const known = new WeakMap<Pool | Client, Capabilities>()

/** What the database behind this pool, or behind a client of it, can do. */
export function capabilitiesOf(executor: Pool | Client): Capabilities {
  return known.get(executor) ?? serverCapabilities
}

/** Remembers it for the pool and for each client that it makes. */
export function declareCapabilities(pool: Pool, capabilities: Capabilities): void {
  known.set(pool, capabilities)
  pool.on('connect', (client) => known.set(client, capabilities))
}
