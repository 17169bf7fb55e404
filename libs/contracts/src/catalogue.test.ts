import { describe, expect, it } from 'vitest'
import { catalogue, eventTypes } from './catalogue.ts'
import { envelopeFields } from './event/envelope.ts'

describe('the event catalogue', () => {
  it('given any event type, none of its delta fields has the name of an envelope field: Avro refuses two', () => {
    const clashes = eventTypes.flatMap((type) =>
      Object.keys(catalogue[type].fields)
        .filter((name) => name in envelopeFields)
        .map((name) => `${type}.${name}`),
    )
    expect(clashes).toEqual([])
  })
})
