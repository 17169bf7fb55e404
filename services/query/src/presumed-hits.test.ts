import { describe, expect, it } from 'vitest'
import { decide, type Presumed, worthALook } from './presumed-hits.ts'

const match = (entity_id: string, place: number) => ({ entity_id, place, corrected: null })
const neighbour = (entity_id: string, likeness: number) => ({ entity_id, chunk: 7, distance: 1 - likeness })
const presumed = (
  likenesses: Record<string, number>,
  { beyond = null, isCut = false }: { beyond?: number | null; isCut?: boolean } = {},
): Presumed => ({
  found: {
    ids: new Uint8Array(),
    likenesses: Float64Array.from(Object.values(likenesses)),
    beyond,
    isCut,
  },
  neighbours: Object.entries(likenesses).map(([entity_id, likeness]) => ({
    entity_id,
    chunk: null,
    distance: 1 - likeness,
  })),
})
const asking = { text: 'words', leastLikeness: 0.1, limit: 2 }

describe('which hits are worth a look', () => {
  const letters = 'abcdefghij'
  const many = presumed(Object.fromEntries(Array.from(letters, (letter, at) => [letter, 0.9 - at / 100])))

  it('given many by meaning, those that are wanted and some more', () => {
    expect(worthALook([], many, 3).join('')).toBe('abcdefg')
  })

  it('given one far down that words found too, it is among them, and the nearest always is', () => {
    const matches = Array.from('jihgf', (letter, at) => match(letter, at + 1))
    expect(worthALook(matches, many, 1)).toEqual(expect.arrayContaining(['j', 'a']))
    expect(worthALook(matches, many, 1)).toHaveLength(6)
  })

  it('given one that memory says is hardly too unlike, it is among them', () => {
    expect(worthALook([], presumed({ a: 0.15, b: 0.0995 }), 3)).toEqual(['a', 'b'])
  })
})

describe('what was looked up decides', () => {
  it('given one that was not looked up before one that was, the places are those of both; distance and chunk are exact', () => {
    const rows = decide(
      {
        matches: [match('c', 1)],
        presumed: presumed({ a: 0.9, b: 0.8, c: 0.7 }),
        asked: new Set(['a', 'c']),
        looked: { neighbours: [neighbour('a', 0.89), neighbour('c', 0.71)], there: new Set(['a', 'c']) },
      },
      asking,
    )
    expect(rows?.map((row) => [row.entity_id, row.vector_place, row.chunk])).toEqual([
      ['c', 3, 7],
      ['a', 1, 7],
    ])
  })

  it('given some that are gone, of either order, others are in their places', () => {
    const rows = decide(
      {
        matches: [match('x', 1), match('y', 2)],
        presumed: presumed({ a: 0.9, b: 0.8 }),
        asked: new Set(['a', 'b', 'x', 'y']),
        looked: { neighbours: [neighbour('b', 0.89)], there: new Set(['b', 'y']) },
      },
      asking,
    )
    expect(rows?.map((row) => [row.entity_id, row.vector_place, row.text_place])).toEqual([
      ['b', 1, null],
      ['y', null, 2],
    ])
  })

  it('given one that came since and was not asked for, it is in its place once', () => {
    const rows = decide(
      {
        matches: [],
        presumed: presumed({ a: 0.9, b: 0.6 }),
        asked: new Set(['a']),
        looked: { neighbours: [neighbour('b', 0.95), neighbour('a', 0.9)], there: new Set(['a', 'b']) },
      },
      asking,
    )
    expect(rows?.map((row) => [row.entity_id, row.vector_place])).toEqual([
      ['b', 1],
      ['a', 2],
    ])
  })

  it('given one in the answer that was not looked up, it is a doubt', () => {
    const given = {
      matches: [],
      presumed: presumed({ a: 0.9, b: 0.8, c: 0.7 }),
      asked: new Set(['a', 'b']),
      looked: { neighbours: [neighbour('a', 0.9)], there: new Set(['a']) },
    }
    expect(decide(given, asking)).toBeUndefined()
    expect(decide(given, { ...asking, limit: 1 })).toHaveLength(1)
  })

  it('given fewer are like enough than are wanted, what only words found and is far away makes no doubt', () => {
    const rows = decide(
      {
        matches: [match('x', 1)],
        presumed: presumed({ a: 0.9 }, { beyond: 0.4, isCut: true }),
        asked: new Set(['a', 'x']),
        looked: { neighbours: [neighbour('a', 0.9), neighbour('x', 0.01)], there: new Set(['a', 'x']) },
      },
      asking,
    )
    expect(rows?.map((row) => [row.entity_id, row.vector_place])).toEqual([
      ['x', null],
      ['a', 1],
    ])
  })

  it('given the nearest is one that was not looked up, what is half as like as it may be a mistake', () => {
    const given = {
      matches: [match('c', 1)],
      presumed: presumed({ a: 0.9, b: 0.8, c: 0.42 }),
      asked: new Set(['a', 'c']),
      looked: { neighbours: [neighbour('c', 0.42)], there: new Set(['c']) },
    }
    expect(decide(given, { ...asking, limit: 1 })).toBeUndefined()
  })

  it.each([
    [
      'there may be nearer ones than the last that is wanted',
      { a: 0.9, b: 0.3 },
      0.5,
      false,
      ['a', 'b'],
      false,
    ],
    ['there is none nearer than that', { a: 0.9, b: 0.6 }, 0.5, false, ['a', 'b'], true],
    ['there are fewer, and some were left out', { a: 0.9 }, 0.5, false, ['a'], false],
    ['there are fewer, and the others are too unlike', { a: 0.9 }, 0.4, true, ['a'], true],
    ['what they were held against is gone', { z: 0.9, a: 0.5 }, 0.4, true, ['a'], false],
    ['nothing is like enough', {}, 0.05, true, [], true],
  ])('given memory has left some out, and %s', (_, likenesses, beyond, isCut, there, isSure) => {
    const all: Record<string, number> = likenesses
    const rows = decide(
      {
        matches: [],
        presumed: presumed(all, { beyond, isCut }),
        asked: new Set(Object.keys(all)),
        looked: { neighbours: there.map((id) => neighbour(id, all[id] ?? 0)), there: new Set(there) },
      },
      asking,
    )
    expect(rows !== undefined).toBe(isSure)
  })
})
