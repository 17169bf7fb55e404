import type { EntityType } from '@synap/contracts'
import { taskKind } from './kinds/task.ts'
import type { EntityState } from './state.ts'

/**
 * The types of entities that have something of their own, one line each. A type without a line is a title, content and
 * what every entity has.
 */
const kinds = {
  task: taskKind,
}

type Kinds = typeof kinds
type KindName = keyof Kinds & EntityType

/** What an entity is as each type that it is or was: kept for the way back. */
export type Particulars = { readonly [Name in KindName]?: Kinds[Name]['initial'] }

type Part = 'changes' | 'undo' | 'touches'
type Both<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never

function tableOf<P extends Part>(part: P): Both<Kinds[KindName][P]> {
  return Object.assign({}, ...Object.values(kinds).map((kind) => kind[part])) as Both<Kinds[KindName][P]>
}

/** Of the events of all types of entities, by type of event. */
export const kindChanges = tableOf('changes')
export const kindInverses = tableOf('undo')
export const kindTouches = tableOf('touches')

/** Makes an entity one of this type. What it was as another stays, so that it can become the same again. */
export function withType(
  { particulars }: Pick<EntityState, 'particulars'>,
  type: EntityType,
): Pick<EntityState, 'type' | 'particulars'> {
  if (!isKindName(type)) return { type, particulars }
  return { type, particulars: { ...particulars, [type]: particulars[type] ?? kinds[type].initial } }
}

function isKindName(type: EntityType): type is KindName {
  return Object.hasOwn(kinds, type)
}
