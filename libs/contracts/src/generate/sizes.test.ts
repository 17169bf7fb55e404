import { describe, expect, it } from 'vitest'
import { eventTypes } from '../catalogue.ts'
import { batchSizes, eventSizes, sizeBounds } from './sizes.ts'

describe('sizes of events', () => {
  const sizes = eventSizes()

  it('given every type, there is a size', () => {
    expect(sizes.map(({ type }) => type)).toEqual(eventTypes)
  })

  it.each(sizes.filter(({ text }) => text !== 'more'))(
    'given $type with $text text, its $framed bytes keep the bound',
    (size) => {
      expect(size.framed).toBeLessThanOrEqual(sizeBounds[size.text])
    },
  )

  it('given a type that says it has more, it really could not keep the bounds: references and ids take their room', () => {
    const small = sizes.filter(({ text, framed }) => text === 'more' && framed <= sizeBounds.none)
    expect(small).toEqual([])
  })

  it('given the events without any text, they take 89 to 92 bytes', () => {
    const plain = sizes.filter(({ text }) => text === 'none').map(({ framed }) => framed)
    expect(Math.min(...plain)).toBe(89)
    expect(Math.max(...plain)).toBe(91)
  })

  it('given a batch with headers, compression takes back most of what the headers cost', () => {
    const { plain, compressed } = batchSizes()
    expect(plain).toBeLessThan(700)
    expect(compressed).toBeLessThan(plain / 2)
  })
})
