import type { Agreement, FindingKind, LedgerFinding, LedgerStore } from '@synap/contracts'

/** What does not make the stores disagree. */
const harmless: ReadonlySet<FindingKind> = new Set(['in_flight', 'repeated', 'discarded'])

/** Counts what is found, and keeps the first of each kind and store to be told. */
export function createTally(limit: number) {
  const counts = new Map<string, Agreement['found'][number]>()
  let untold: LedgerFinding[] = []
  let oldestInFlight: number | null = null

  const count = (kind: FindingKind, store: LedgerStore, events: number): number => {
    const key = `${kind}/${store}`
    const found = counts.get(key) ?? { kind, store, events: 0 }
    counts.set(key, found)
    found.events += events
    return found.events
  }
  const told = new Map<string, number>()

  return {
    /** Without naming them. */
    count(kind: FindingKind, store: LedgerStore, events: number): void {
      if (events > 0) count(kind, store, events)
    },
    add(finding: LedgerFinding): void {
      const { kind, store, events } = finding
      count(kind, store, events)
      const key = `${kind}/${store}`
      const before = told.get(key) ?? 0
      if (before >= limit) return
      told.set(key, before + 1)
      untold.push(finding)
    },
    /** An event on its way was accepted then (milliseconds since 1970). */
    inFlightSince(at: number): void {
      oldestInFlight = Math.min(oldestInFlight ?? at, at)
    },
    /** What has to be told since the last call. */
    take(): LedgerFinding[] {
      const taken = untold
      untold = []
      return taken
    },
    sum() {
      const found = [...counts.values()]
      return {
        agrees: found.every(({ kind }) => harmless.has(kind)),
        found,
        oldestInFlightAt: oldestInFlight === null ? null : new Date(oldestInFlight).toISOString(),
      }
    },
  }
}
export type Tally = ReturnType<typeof createTally>
