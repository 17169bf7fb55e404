import type { z } from 'zod'
import { aiEvents } from './catalogue/ai.ts'
import { entityEvents } from './catalogue/entity.ts'
import { relationEvents } from './catalogue/relation.ts'
import { userEvents } from './catalogue/user.ts'
import type { Envelope } from './event/envelope.ts'
import { envelopeFields } from './event/envelope.ts'
import { strictObject, type ValuesOf } from './event/field.ts'
import { kindEvents } from './kind-tables.ts'

/** Every event type there is. `docs/how-to/add-an-event-type.md` says how to add one. */
export const catalogue = { ...entityEvents, ...kindEvents, ...relationEvents, ...userEvents, ...aiEvents }

type Catalogue = typeof catalogue
export type EventType = keyof Catalogue
export type DeltaOf<T extends EventType> = ValuesOf<Catalogue[T]['fields']>

/** One event of type `T`, as every service of today sees it. */
export type EventOf<T extends EventType> = Envelope & {
  readonly type: T
  readonly aggregateType: Catalogue[T]['aggregate']
  readonly delta: DeltaOf<T>
}

/** Any event of the catalogue; `switch (event.type)` narrows `delta`. */
export type SynapEvent = { [T in EventType]: EventOf<T> }[EventType]

export const eventTypes = Object.keys(catalogue) as readonly EventType[]

export function isEventType(text: string): text is EventType {
  return Object.hasOwn(catalogue, text)
}

export function aggregateTypeOf<T extends EventType>(type: T): Catalogue[T]['aggregate'] {
  return catalogue[type].aggregate
}

const deltaSchemas = new Map<EventType, z.ZodType>(
  eventTypes.map((type) => [type, strictObject(catalogue[type].fields)]),
)

/** Validates an envelope; strict. */
export const envelopeSchema: z.ZodType<Envelope> = strictObject(envelopeFields)

/** Validates the delta of one type: closed vocabularies, bounds, clean text, no unknown field. */
export function deltaSchemaOf<T extends EventType>(type: T): z.ZodType<DeltaOf<T>> {
  return deltaSchemas.get(type) as z.ZodType<DeltaOf<T>>
}
