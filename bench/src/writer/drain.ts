/** Kafka to database: every record of a topic becomes a row of `log.events`. */
export interface DrainJob {
  brokers: string
  topic: string
  records: number
  databaseUrl: string
}

export interface Drained {
  /** From the first record that was handed over to the commit of the last row: joining the group is not counted. */
  seconds: number
  joinSeconds: number
}

/** Counts rows as they are committed. */
export interface Progress {
  /** Records are there. */
  begin: () => void
  /** Rows are committed. */
  add: (rows: number) => void
  fail: (error: unknown) => void
  done: Promise<Drained>
}

export function createProgress(records: number): Progress {
  const startedAt = performance.now()
  const result = Promise.withResolvers<Drained>()
  let beganAt = 0
  let rows = 0
  return {
    begin() {
      if (beganAt === 0) beganAt = performance.now()
    },
    add(more) {
      rows += more
      if (rows < records) return
      const now = performance.now()
      result.resolve({ seconds: (now - beganAt) / 1_000, joinSeconds: (beganAt - startedAt) / 1_000 })
    },
    fail: result.reject,
    done: result.promise,
  }
}
