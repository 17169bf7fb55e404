import type { EventId } from '@synap/core'
import type { FoldEvent } from '../event.ts'
import type { Path } from '../kinds/kind.ts'
import type { UserState } from '../state.ts'
import { touchedBy } from './touched.ts'

/** An event of an aggregate with what caused it: in the same aggregate only an undo is caused by anything. */
export type CausedEvent = FoldEvent & { readonly causationId?: EventId | null }

/**
 * The events that still count, of events in the order of their versions. One that was undone as a whole, and what undid it,
 * leave nothing behind; an undo that was itself undone does not count either, so the event does again. What AI set counts for ever:
 * its summary is not replaced by an earlier one when it is undone.
 */
export function inForce(
  events: readonly CausedEvent[],
  user: Pick<UserState, 'tags'> | undefined,
): readonly CausedEvent[] {
  const effects = Map.groupBy(events, ({ causationId }) => causationId)
  const gone = new Set<EventId>()
  for (const event of [...events].reverse()) {
    if (gone.has(event.id) || event.type === 'ai.enrichment_applied') continue
    const undoing = (effects.get(event.id) ?? []).filter(({ id }) => !gone.has(id))
    const undone = undoing.flatMap((one) => touchedBy(one, user))
    const isWhole = touchedBy(event, user).every((path) => undone.some((wide) => holds(wide, path)))
    if (undoing.length === 0 || !isWhole) continue
    for (const { id } of [event, ...undoing]) gone.add(id)
  }
  return events.filter(({ id }) => !gone.has(id))
}

/** Who brings back `mail` brings back `mail.subject`. */
const holds = (wide: Path, path: Path): boolean => wide.every((part, index) => part === path[index])
