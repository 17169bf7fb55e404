import {
  type DeltaOf,
  type EntityType,
  type KindEventType,
  type KindInputs,
  type KindName,
  kindAppliesTo,
  kindInputsOf,
  kindNames,
} from '@synap/contracts'
import { type Refused, refuse } from './decide/refusal.ts'
import { setBy } from './entity/author.ts'
import { settle } from './entity/suggestions.ts'
import type { Fact, FoldEventOf } from './event.ts'
import type { KindEvent, Path } from './kinds/kind.ts'
import * as kinds from './kinds.ts'
import type { EntityState } from './state.ts'

type Kinds = typeof kinds

/** What an entity is as each type that it is or was, kept for the way back; and its traits. */
export type Particulars = { readonly [Name in KindName]?: Kinds[Name]['initial'] }

/** What of an entity is another one after an event. */
type Change = Partial<EntityState>

/** A kind for code that treats all alike: it gives each what is its own. */
type AnyState = NonNullable<Particulars[KindName]>
interface AnyKind {
  readonly initial: AnyState
  set(own: AnyState, input: unknown): readonly Fact[] | Refused
  readonly events: Readonly<Record<string, AnyEvent>>
}
type AnyEvent = Omit<KindEvent<KindEventType, unknown>, 'change' | 'undo'> & {
  change(own: AnyState, event: unknown): AnyState
  readonly undo: ((delta: unknown, own: AnyState) => readonly Fact[] | Refused) | string
}

const table = kinds as unknown as Readonly<Record<KindName, AnyKind>>

/** Something for each event of each kind, by type of event. */
function forEachEvent<Made>(make: (name: KindName, event: AnyEvent) => Made): Record<string, Made> {
  return Object.fromEntries(
    kindNames.flatMap((name) =>
      Object.entries(table[name].events).map(([type, event]) => [type, make(name, event)]),
    ),
  )
}

/** What the events of all kinds make of an entity. */
export const kindChanges = forEachEvent((name, event) => (state: EntityState, happened: never): Change => {
  const own = event.change(ownOf(state, name), happened)
  const { decides } = event
  return {
    particulars: withOwn(state, name, own),
    ...(decides === undefined
      ? {}
      : { suggestions: settle(state, decides), provenance: setBy(state, happened, decides) }),
  }
}) as { readonly [T in KindEventType]: (state: EntityState, event: FoldEventOf<T>) => Change }

/** How they are undone, or why they never are. */
export const kindInverses = forEachEvent((name, { undo }) =>
  typeof undo === 'string'
    ? undo
    : (delta: unknown, state: EntityState) =>
        kindAppliesTo(name, state.type)
          ? undo(delta, ownOf(state, name))
          : refuse('entity.not_of_type', `It is no ${name} any more: make it one again, then undo this.`),
) as {
  readonly [T in KindEventType]:
    | ((delta: DeltaOf<T>, state: EntityState) => readonly Fact[] | Refused)
    | string
}

/** What they change. */
export const kindTouches = forEachEvent(
  (_, { touches }) =>
    () =>
      touches,
) as { readonly [T in KindEventType]: () => readonly Path[] }

/** Makes an entity one of this type. What it was as another stays, so that it can become the same again. */
export function withType(
  state: Pick<EntityState, 'particulars'>,
  type: EntityType,
): Pick<EntityState, 'type' | 'particulars'> {
  return isKindName(type)
    ? { type, particulars: withOwn(state, type, ownOf(state, type)) }
    : { type, particulars: state.particulars }
}

/** The events that give an entity of this type the particulars that are asked for; refused are those of another type. */
export function kindFacts(
  state: Pick<EntityState, 'particulars'>,
  type: EntityType,
  asked: KindInputs,
): readonly Fact[] | Refused {
  const inputs = (Object.entries(kindInputsOf(asked)) as [KindName, unknown][]).filter(
    ([, input]) => input !== undefined,
  )
  const other = inputs.find(([name]) => !kindAppliesTo(name, type))?.[0]
  if (other !== undefined) {
    return refuse(
      'entity.not_of_type',
      `Only a ${other} has particulars of a ${other}: send "type": "${other}" with them.`,
    )
  }
  const facts: Fact[] = []
  for (const [name, input] of inputs) {
    const set = table[name].set(ownOf(state, name), input)
    if ('outcome' in set) return set
    facts.push(...set)
  }
  return facts
}

function ownOf({ particulars }: Pick<EntityState, 'particulars'>, name: KindName): AnyState {
  return particulars[name] ?? table[name].initial
}

function withOwn(
  { particulars }: Pick<EntityState, 'particulars'>,
  name: KindName,
  own: AnyState,
): Particulars {
  return { ...particulars, [name]: own }
}

function isKindName(type: EntityType): type is EntityType & KindName {
  return Object.hasOwn(table, type)
}
