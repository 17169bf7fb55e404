import type { SynapEvent } from '@synap/contracts'
import type { AggregateId, EventId, UserId } from '@synap/core'
import type { Refused, Undo } from '@synap/domain'
import type { Pool } from '@synap/postgres'
import { readStream } from './read-stream.ts'
import { readTags } from './read-tags.ts'

/**
 * The command that takes an event of this aggregate back: the event and everything later, from log and outbox. Refused
 * when the aggregate of this user never had the event. Rejects with class dependency while the log cannot be asked.
 */
export async function undoOf(
  pool: Pool,
  { userId, aggregateId, eventId }: { userId: UserId; aggregateId: AggregateId; eventId: EventId },
): Promise<Undo | Refused> {
  let event: SynapEvent | undefined
  const later: SynapEvent[] = []
  for await (const next of readStream(pool, { userId, aggregateId })) {
    if (event !== undefined) later.push(next)
    else if (next.id === eventId) event = next
  }
  if (event === undefined) {
    return { outcome: 'refused', code: 'undo.event_not_found', message: 'There is no such event.' }
  }
  if (event.type !== 'tag.renamed') return { kind: 'undo', userId, event, later }
  const { oldName } = event.delta
  const { holderOf } = await readTags(pool, userId, { names: [oldName] })
  return { kind: 'undo', userId, event, later, holder: holderOf(oldName) }
}
