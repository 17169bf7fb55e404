import type { EventView } from '@synap/contracts'

type Past = Pick<EventView, 'id' | 'type' | 'version' | 'causationId' | 'correlationId'> & {
  actor: Pick<EventView['actor'], 'kind'>
}

/** Nothing takes these back; the server says why. */
const neverUndone = new Set([
  'entity.purged',
  'entity.suggestion_rejected',
  'tag.merged',
  'user.erased',
  'ai.analysis_requested',
  'ai.analysis_completed',
  'ai.analysis_failed',
])

/**
 * The last change of an aggregate that is still in force and can be taken back, from its events, the newest first.
 * What AI did counts only where nobody else's change is left: it comes by itself, at any time after a person's.
 * What was undone is passed over, and so is the undoing, so that a second undo goes one step further; what was brought
 * back again (an undo that was undone) counts as a change. What the capture itself said is no change.
 */
export function lastUndoable<T extends Past>(events: readonly T[]): T | undefined {
  const known = new Map(events.map((event) => [event.id, event]))
  // One that was brought back is told by what brought it back.
  const undone = new Set(events.map(({ causationId }) => causationId))
  const isUndoing = ({ causationId }: Past): boolean => {
    const cause = causationId === null ? undefined : known.get(causationId)
    return cause !== undefined && !isUndoing(cause)
  }
  const beginning = events.find(({ version }) => version === 1)
  const isOfCapture = ({ causationId, correlationId }: Past) =>
    beginning?.type === 'entity.created' && causationId === null && correlationId === beginning.correlationId
  const left = events.filter(
    (event) =>
      !undone.has(event.id) && !isUndoing(event) && !neverUndone.has(event.type) && !isOfCapture(event),
  )
  return left.find(({ actor }) => actor.kind !== 'ai') ?? left[0]
}
