import type { AggregateId } from '@synap/core'
import { type AggregateState, evolve, stateVersion } from '@synap/domain'
import type { Client } from '@synap/postgres'
import { toKnownEvent } from './known-event.ts'
import type { FoldedEvent } from './logged-event.ts'
import { parseSnapshot } from './snapshot.ts'
import { findAggregateEvents, findSchemas, findSnapshot, type VersionRange } from './sql/find-aggregates.ts'

/** What a replay came to. */
export type Replay =
  | {
      outcome: 'state'
      state: AggregateState
      /** Events that were folded. */
      folded: number
      /** Version of the snapshot it started from; 0 = none. */
      snapshot: number
    }
  /** The log has nothing of it in the range, or it is another user's. */
  | { outcome: 'missing' }
  /** The event of `version` is not in the log (parked, or not there yet): what comes behind it cannot be folded. */
  | { outcome: 'gap'; version: number }
  /** An event that only newer code can fold. */
  | { outcome: 'unknown'; version: number; type: string }

export interface ReplayOptions {
  /** Folds from the first event. */
  withoutSnapshot?: boolean
  /** Called with each state on the way, such as for making snapshots. */
  onState?: (state: AggregateState) => void
}

const pageLength = 200

/**
 * The state of an aggregate of the transaction's user: the newest snapshot in the range, and the events since. In one
 * snapshot of the database when the transaction is `repeatable read`.
 */
export async function replay(
  client: Client,
  id: AggregateId,
  range: Pick<VersionRange, 'to' | 'upToSequence'> = {},
  { withoutSnapshot = false, onState }: ReplayOptions = {},
): Promise<Replay> {
  const start = withoutSnapshot ? undefined : await startOf(client, id, range)
  const schemas = new Map<number, string>()
  let state = start
  let folded = 0
  for (;;) {
    const page = { ...range, above: state?.version ?? 0 }
    const events = await findAggregateEvents(client, id, page, pageLength)
    await addSchemas(client, schemas, events)
    for (const event of events) {
      const next = (state?.version ?? 0) + 1
      if (event.version !== next) return { outcome: 'gap', version: next }
      const known = toKnownEvent(event, schemas.get(event.schemaNo) ?? '')
      if (known === undefined) return { outcome: 'unknown', version: event.version, type: event.type }
      state = evolve(state, known)
      folded += 1
      onState?.(state)
    }
    if (events.length < pageLength) break
  }
  if (state === undefined) return { outcome: 'missing' }
  return { outcome: 'state', state, folded, snapshot: start?.version ?? 0 }
}

async function startOf(
  client: Client,
  id: AggregateId,
  range: Pick<VersionRange, 'to' | 'upToSequence'>,
): Promise<AggregateState | undefined> {
  const row = await findSnapshot(client, id, stateVersion, range)
  return row === undefined ? undefined : parseSnapshot(id, row)
}

async function addSchemas(
  client: Client,
  schemas: Map<number, string>,
  events: readonly FoldedEvent[],
): Promise<void> {
  const lacking = [...new Set(events.map((event) => event.schemaNo))].filter((no) => !schemas.has(no))
  if (lacking.length === 0) return
  for (const [no, text] of await findSchemas(client, lacking)) schemas.set(no, text)
}
