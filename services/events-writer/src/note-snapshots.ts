import type { DecodedEvent } from '@synap/contracts'
import type { AggregateId } from '@synap/core'
import { snapshotEvery } from '@synap/event-log'
import type { PlacedEvent } from '@synap/inbox'
import type { Client } from '@synap/postgres'
import { deleteSnapshots, insertDueSnapshots } from './sql/snapshots.ts'

/** Keeps the snapshots in step with events that were written, in their transaction: seldom does any of them matter. */
export async function noteSnapshots(
  client: Client,
  written: readonly PlacedEvent<DecodedEvent>[],
): Promise<void> {
  const purged = written.filter(({ type }) => type === 'entity.purged')
  const erased = written.filter(({ type }) => type === 'user.erased')
  if (purged.length + erased.length > 0) {
    await deleteSnapshots(
      client,
      purged.map(idOf),
      erased.map(({ userId }) => userId),
    )
  }
  const due = new Map(
    written
      .filter(({ version }) => version % snapshotEvery === 0)
      .map((event) => [idOf(event), { aggregateId: idOf(event), userId: event.userId }]),
  )
  if (due.size > 0) await insertDueSnapshots(client, [...due.values()])
}

const idOf = ({ aggregateId }: { aggregateId: string }) => aggregateId as AggregateId
