import { wait } from '@synap/core'
import { createPostgresStores, type StoreSums, sumStores } from '@synap/ledger'
import type { Logger } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { observe } from '@synap/telemetry'

export interface LedgerWatchOptions {
  pool: Pool
  logger: Logger
  /** Only the process that relays does the work. */
  isLeader: () => boolean
  /** Milliseconds between two looks. */
  everyMs: number
}

const notYetMs = 1_000

/** How far log and read model are behind the numbers given out, as gauges. `./synap ledger` looks at each event. */
export function startLedgerWatch({ pool, logger, isLeader, everyMs }: LedgerWatchOptions) {
  const stop = new AbortController()
  const stores = createPostgresStores(pool, stop.signal)
  let sums: StoreSums | undefined
  let isAway = false

  const look = async () => {
    try {
      sums = isLeader() ? await sumStores(stores) : undefined
      isAway = false
    } catch (error) {
      sums = undefined
      // Log or read model may be elsewhere; once is enough.
      if (!isAway && !stop.signal.aborted) logger.warn({ error }, 'the stores could not be compared')
      isAway = true
    }
  }
  const run = async () => {
    while (!stop.signal.aborted) {
      await look()
      // Whoever begins to relay looks soon.
      await wait(sums === undefined && !isAway ? notYetMs : everyMs, stop.signal).catch(() => undefined)
    }
  }
  const running = run()
  const forget = observeSums(() => sums)
  return {
    close: async () => {
      forget()
      stop.abort(new Error('the watch of the ledger is closing'))
      await running
    },
  }
}

const perStore: readonly [what: string, help: string, of: (sum: StoreSums['log']) => number][] = [
  ['in_flight_events', 'Events given out that a store has not accounted for yet.', (sum) => sum.inFlight],
  [
    'oldest_in_flight_seconds',
    'Age of the oldest of them; 0 when there is none.',
    ({ oldestInFlightAt: at }) => (at === null ? 0 : Math.max(0, Date.now() - at) / 1_000),
  ],
  ['ahead_events', 'Events a store has accounted for that were never given out. Alarm.', (sum) => sum.ahead],
  ['parked_events', 'Events that wait in a slot of a store.', (sum) => sum.parked],
  ['absent_events', 'Slots of a store for events that nobody had. Alarm when above 0.', (sum) => sum.absent],
]

function observeSums(read: () => StoreSums | undefined): () => void {
  const stops = [
    observe('synap_ledger_events', { help: 'Events given out, of all users.' }, () => read()?.events),
    ...perStore.map(([what, help, of]) =>
      observe(`synap_ledger_${what}`, { help }, () => {
        const sums = read()
        if (sums === undefined) return undefined
        return [
          { value: of(sums.log), labels: { store: 'log' } },
          { value: of(sums.readModel), labels: { store: 'read_model' } },
        ]
      }),
    ),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
