import type { DeltaOf, KindEventType, KindInput, KindName } from '@synap/contracts'
import type { Refused } from '../decide/refusal.ts'
import type { Fact, FoldEventOf } from '../event.ts'

/** A thing that an event changes, from the outside in: `['title']`, `['metadata', 'mail', 'subject']`, `['tag', id]`. */
export type Path = readonly string[]

/** What an event of a type of entity means to its particulars. */
export interface KindEvent<T extends KindEventType, State> {
  /** The particulars after it. */
  change(own: State, event: FoldEventOf<T>): State
  /** The events that take it back, or why nothing does just now; none is: it is so already. A sentence for: never. */
  readonly undo: ((delta: DeltaOf<T>, own: State) => readonly Fact[] | Refused) | string
  /** What an undo of something earlier must not overwrite. */
  readonly touches: readonly Path[]
  /** What it decides of that which AI may decide too. */
  readonly decides?: 'status' | 'priority' | 'due'
}

/**
 * What one type of entity has that others have not (or, as a trait, what an entity of any type may have): particulars,
 * how a client sets them, and what its events do to them. Its contract (events, what a client sends) stands in `@synap/contracts` under the same name.
 * `docs/how-to/add-an-entity-type.md` makes one.
 */
export interface Kind<Name extends KindName, State> {
  /** The particulars before anybody says more. Plain JSON; it is stored and shown as it is, those of a trait once it is set. */
  readonly initial: State
  /** The events that lead to what a client asks for, or why it cannot be; none is: it is so already. */
  set(own: State, input: KindInput<Name>): readonly Fact[] | Refused
  readonly events: { readonly [T in KindEventType<Name> & KindEventType]: KindEvent<T, State> }
}
