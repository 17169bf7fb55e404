import { counter, observe } from '@synap/telemetry'
import type { OutboxWatch } from './outbox-watch.ts'
import type { Relay } from './relay/relay.ts'
import type { SweepCounts } from './sweep/sweep-objects.ts'
import type { Upkeep } from './upkeep.ts'

export const published = counter('synap_ingest_relay_published_events', {
  help: 'Events that the broker has acknowledged and that are marked so.',
})

export const clockJumps = counter('synap_ingest_clock_jumps', {
  help: 'Appends whose user was more than a day ahead of the clock. Alarm.',
})

export const quarantines = counter('synap_ingest_relay_quarantines', {
  help: 'Users held back because their next event cannot be published. Alarm.',
})

export const deafness = counter('synap_ingest_relay_lost_listeners', {
  help: 'Times that the relay stopped hearing of commits of other processes; until it is connected again it finds them by looking.',
})

const sweepKept = counter('synap_ingest_sweep_kept_objects', {
  help: 'Looks at an object that was old enough to be swept and is held.',
})
const sweepOrphans = counter('synap_ingest_sweep_orphan_objects', {
  help: 'Objects that nothing referred to and that were given up.',
})
const sweepOrphanBytes = counter('synap_ingest_sweep_orphan_bytes', {
  help: 'Bytes of the objects that were given up.',
})
const sweepDeleted = counter('synap_ingest_sweep_deleted_objects', {
  help: 'Objects deleted from the store: orphans, and what was purged.',
})
const sweepUnfinished = counter('synap_ingest_sweep_unfinished_puts', {
  help: 'Puts that never ended and whose parts were taken away.',
})

/** Counts what a turn of the sweep came to. */
export function countSwept(counts: SweepCounts): void {
  sweepKept.add(counts.kept)
  sweepOrphans.add(counts.orphans)
  sweepOrphanBytes.add(counts.orphanBytes)
  sweepDeleted.add(counts.deleted)
  sweepUnfinished.add(counts.unfinished)
}

/** Gauges that are read when somebody scrapes; the returned function takes them away. */
export function observeOutbox(outbox: OutboxWatch, relay: Relay, upkeep: Upkeep): () => void {
  const stops = [
    observe(
      'synap_ingest_outbox_unpublished_events',
      { help: 'Events that wait for the relay.' },
      () => outbox.overview()?.unpublished,
    ),
    observe(
      'synap_ingest_outbox_oldest_age_seconds',
      { help: 'Age of the oldest event that waits for the relay; 0 when none waits.' },
      () => {
        const overview = outbox.overview()
        if (overview === undefined) return undefined
        const oldest = overview.oldest_unpublished_at
        return oldest === null ? 0 : Math.max(0, Date.now() - oldest) / 1_000
      },
    ),
    observe(
      'synap_ingest_relay_quarantined_users',
      { help: 'Users held back because their next event cannot be published. Alarm when above 0.' },
      () => outbox.overview()?.quarantined_users,
    ),
    observe(
      'synap_ingest_outbox_overdue_partitions',
      { help: 'Partitions of the outbox that should have been dropped and stay. Alarm when above 0.' },
      () => upkeep.overduePartitions(),
    ),
    observe(
      'synap_ingest_write_unreconciled',
      { help: '1 while writes are refused because the database has to be reconciled. Alarm.' },
      () => (outbox.refusal() === null ? 0 : 1),
    ),
    observe('synap_ingest_relay_leader', { help: '1 while this process relays.' }, () =>
      relay.isLeader() ? 1 : 0,
    ),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
