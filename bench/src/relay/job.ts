/** From committed rows of an outbox to acknowledged records. */
export interface RelayJob {
  brokers: string
  topic: string
  databaseUrl: string
  /** Rows to bring over, from the first made event on. */
  rows: number
  load:
    | {
        kind: 'backlog'
        /** Rows that wait for the relay, kept up until all have been put in. */
        waiting: number
      }
    | {
        kind: 'single'
        /** Milliseconds between two commits of one row each. */
        everyMs: number
      }
}

export interface RelayRun {
  /** Acknowledged rows per second, from the first acknowledgement to the last. */
  rowsPerSecond: number
  /** Growth of the backlog while rows were put in, rows per second (Theil and Sen). */
  slope: number
  /** Milliseconds from the answer to the commit to the acknowledgement; of single commits only. */
  latencies: number[]
}

/** What is measured, started on an empty outbox. */
export interface StartedRelay {
  /** Rows were committed by this process. */
  wake: () => void
  /** Finishes what is under way. */
  close(): Promise<void>
}

export type StartRelay = (
  job: RelayJob,
  /** Rows, by the ids of their events, that the broker has acknowledged. */
  acknowledged: (eventIds: readonly string[]) => void,
  fail: (error: unknown) => void,
) => Promise<StartedRelay>
