import type { DeltaOf } from '@synap/contracts'
import type { Refused } from '../decide/refusal.ts'
import type { EntityEventType, Fact, FoldEventOf } from '../event.ts'
import type { EntityState, UserState } from '../state.ts'

/** What of an entity is another one after an event. */
export type Change = Partial<EntityState>

/** The events that undo one of type `T`, or why nothing does just now. None is: it is so already. */
export type Inverse<T extends EntityEventType> = (
  delta: DeltaOf<T>,
  state: EntityState,
  user: UserState | undefined,
) => readonly Fact[] | Refused

/** A thing that an event changes, from the outside in: `['title']`, `['metadata', 'mail', 'subject']`, `['tag', id]`. */
export type Path = readonly string[]

/**
 * What one type of entity has that others have not: particulars, and events of its own, which say what they are, how
 * they are undone and what they change. `docs/how-to/add-an-entity-type.md` makes one.
 */
export interface Kind<Types extends EntityEventType, State> {
  /** The particulars before anybody says more. Plain JSON; it is stored and shown as it is. */
  readonly initial: State
  readonly changes: { readonly [T in Types]: (state: EntityState, event: FoldEventOf<T>) => Change }
  /** A sentence where nothing ever takes the event back. */
  readonly undo: { readonly [T in Types]: Inverse<T> | string }
  /** What an undo of something earlier must not overwrite. */
  readonly touches: { readonly [T in Types]: (event: FoldEventOf<T>) => readonly Path[] }
}
