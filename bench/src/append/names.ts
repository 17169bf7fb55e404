import type { Requested } from './requests.ts'
import type { Place } from './stores.ts'

export const names = {
  synap: 'Synap, one call',
  begin: 'BEGIN, 2 INSERTs, COMMIT',
  notify: 'BEGIN, 2 INSERTs, NOTIFY, COMMIT',
  pipelined: 'BEGIN, 2 INSERTs, COMMIT, pipelined',
  drizzle: 'Drizzle, transaction with 2 inserts',
  graphile: 'graphile-worker add_job',
  oneRow: 'limit of the driver: one-row INSERT',
  pgbench: 'limit: pgbench, one-row INSERT',
  http: 'Synap over HTTP: 201 after commit',
  hello: 'limit of HTTP: bare fastify',
} as const
export type Name = keyof typeof names

/** Contenders that are a process with a driver: where they are, and where they leave their events. */
export const contenders: readonly (readonly [Name, file: string, Place])[] = [
  ['synap', 'synap.ts', 'synap'],
  ['begin', 'begin-commit.ts', 'peer'],
  ['notify', 'begin-notify-commit.ts', 'peer'],
  ['pipelined', 'pipelined.ts', 'peer'],
  ['drizzle', 'drizzle.ts', 'peer'],
  ['graphile', 'graphile-worker.ts', 'job'],
  ['oneRow', 'one-row.ts', 'peer'],
]

export const inFlights = [1, 16, 64] as const
/** Of what a contender does in a closed loop with 16 under way. */
export const shares = [0.5, 0.7, 0.9] as const

export interface Run extends Requested {
  /** CPU seconds of the program (of ingest, for HTTP; not known of pgbench) and of Postgres, and the calls they went to. */
  cpu: { program: number | null; postgres: number; calls: number }
}

export interface Result {
  /** By calls under way. */
  closed: Readonly<Record<number, Run>>
  /** By share of the capacity; empty where it was not measured. */
  paced: Readonly<Record<number, Run>>
}
