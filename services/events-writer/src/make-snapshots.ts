import { type AggregateState, stateVersion } from '@synap/domain'
import { logPlans, replay, snapshotEvery, toSnapshot } from '@synap/event-log'
import { startUpkeep, type Upkeep } from '@synap/inbox'
import type { Logger } from '@synap/messaging'
import { type Client, type Pool, transaction } from '@synap/postgres'
import {
  type DueSnapshot,
  deleteDueSnapshot,
  findDueSnapshots,
  insertOutdatedSnapshots,
  lockUser,
  upsertSnapshots,
} from './sql/snapshots.ts'

const role = 'synap_events_writer'
const everyMs = 30_000
const perTurn = 100

/** Makes the snapshots that are due, now and every half minute; first also those that a changed fold made useless. */
export function startSnapshots(pool: Pool, logger: Logger): Upkeep {
  let outdatedNoted = false
  return startUpkeep(logger, everyMs, {
    makeSnapshots: async (signal) => {
      if (!outdatedNoted) {
        await transaction(pool, { role }, (client) => insertOutdatedSnapshots(client, stateVersion), {
          signal,
        })
        outdatedNoted = true
      }
      await makeDueSnapshots(pool, signal)
    },
  })
}

/** Until none is due. One aggregate per transaction: its user's events wait meanwhile. */
export async function makeDueSnapshots(pool: Pool, signal: AbortSignal): Promise<void> {
  for (;;) {
    const due = await transaction(pool, { role }, (client) => findDueSnapshots(client, perTurn), {
      readOnly: true,
      signal,
    })
    for (const one of due) {
      await transaction(pool, { role, userId: one.userId }, (client) => makeSnapshots(client, one), {
        ...logPlans,
        signal,
      })
    }
    if (due.length < perTurn) return
  }
}

/**
 * A snapshot at each hundredth version of an aggregate, as far as it can be folded now; the next hundredth version makes
 * it due again. None from before a purge: it would hold what was purged.
 */
async function makeSnapshots(client: Client, due: DueSnapshot): Promise<void> {
  await lockUser(client, due.userId)
  let states: AggregateState[] = []
  await replay(
    client,
    due.aggregateId,
    {},
    {
      onState: (state) => {
        if (state.aggregate === 'entity' && state.purged) states = states.filter(isPurged)
        if (state.version % snapshotEvery === 0) states.push(state)
      },
    },
  )
  if (states.length > 0) await upsertSnapshots(client, due, stateVersion, states.map(toSnapshot))
  await deleteDueSnapshot(client, due.aggregateId)
}

const isPurged = (state: AggregateState) => state.aggregate === 'entity' && state.purged
