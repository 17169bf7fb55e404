import type { KindEventType, KindInput, KindName } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import type fc from 'fast-check'
import type { Outcome, World } from '../world.ts'

/** What tests of everything need to know of one type of entity. */
export interface KindExample<Name extends KindName> {
  /** Anything that the HTTP schema lets through; few values, so that they meet. */
  readonly input: fc.Arbitrary<KindInput<Name>>
  /** What is done to a new entity of the type until the event happens, the last with that event. */
  readonly leads: {
    readonly [T in KindEventType<Name> & KindEventType]: (
      send: (input: KindInput<Name>) => Outcome,
      world: World,
      entityId: EntityId,
    ) => Outcome
  }
}
