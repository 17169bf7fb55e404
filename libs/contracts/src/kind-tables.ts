import type { z } from 'zod'
import type { KindContract } from './kinds/kind.ts'
import * as kinds from './kinds.ts'
import type { EntityType } from './vocabularies.ts'

type Kinds = typeof kinds
/** The types of entities that have something of their own, and the traits. */
export type KindName = keyof Kinds
/** The events of one of them, or of all. */
export type KindEventType<Name extends KindName = KindName> = {
  [N in Name]: keyof Kinds[N]['events'] & string
}[Name]
/** What a client may set of one of them. */
export type KindInput<Name extends KindName> = z.output<Kinds[Name]['input']>
/** The same by name, as it stands in requests and commands: `{task: {status: 'done'}}`. */
export type KindInputs = { readonly [Name in KindName]?: KindInput<Name> | undefined }

type All<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer Both) => void
  ? Both
  : never
type Part<P extends 'events' | 'samples'> = All<Kinds[KindName][P]>

type Checked<Name extends KindName> = Name extends EntityType
  ? KindContract & { readonly isTrait?: never }
  : KindContract & { readonly isTrait: true }
// The compiler asks for a type here that is none of `entityTypes`.
const table: { readonly [Name in KindName]: Checked<Name> } = kinds

// The names of a module come in another order from each of those who load modules.
export const kindNames: readonly KindName[] = (Object.keys(table) as KindName[]).sort()

function partsOf<P extends 'events' | 'samples'>(part: P): Part<P> {
  return Object.assign({}, ...kindNames.map((name) => table[name][part])) as Part<P>
}

export const kindEvents = partsOf('events')
export const kindSamples = partsOf('samples')

/** Whether entities of a type may have this: a trait applies to all, what a type has of its own to that type. */
export function kindAppliesTo(name: KindName, type: EntityType): boolean {
  const { isTrait }: KindContract = table[name]
  return isTrait === true || name === type
}

/** Fields of a request: what may be set of each type, under its name. */
export const kindInputFields = Object.fromEntries(
  kindNames.map((name) => [name, table[name].input.optional()]),
) as { readonly [Name in KindName]: z.ZodOptional<Kinds[Name]['input']> }

/** What a request says about particulars, for any type. */
export function kindInputsOf(request: KindInputs): KindInputs {
  return Object.fromEntries(kindNames.flatMap((name) => (name in request ? [[name, request[name]]] : [])))
}
