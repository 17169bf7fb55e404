import type { MixedEvent } from '../stream/event-mix.ts'

/** An event as flat fields, as every codec takes and gives it: ids as text, what is not there as null. */
export type FlatEvent = Readonly<Record<string, unknown>>

/** One way to write an event as bytes, with whatever frame it needs to be read again. */
export interface Codec {
  name: string
  encode: (event: MixedEvent) => Buffer
  decode: (bytes: Buffer, type: MixedEvent['type']) => FlatEvent
}

/** Envelope and delta side by side, as they stand in the record of every event. */
export const flat = ({ envelope, delta }: MixedEvent): FlatEvent => ({ ...envelope, ...delta })
