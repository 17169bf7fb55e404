import { describe, expect, it } from 'vitest'
import { createChoices } from './choices.ts'
import { createChosen } from './chosen.ts'
import { createPackedVectors } from './packed-vectors.ts'
import { createSlabs, slabBytes } from './slabs.ts'

const slabs = createSlabs(4 * slabBytes)
const vectorOf = (value: number) => ({
  id: new Uint8Array(16),
  content: 'c',
  chunk: 0,
  values: new Float32Array(1_536).fill(value),
})
const pack = (count: number) => {
  const packed = createPackedVectors(slabs)
  for (let at = 0; at < count; at += 1) packed.add(vectorOf(at))
  return packed
}
const chosen = (...vectors: number[]) => createChosen(Uint32Array.from(vectors), 3)
const choice = (...vectors: number[]) => ({ vectors: chosen(...vectors), position: '7' })

describe('what filters let pass', () => {
  it('given the same vectors, a choice is there; given others, one more, or none, it is not', () => {
    const [packed, other] = [pack(3), pack(3)]
    const choices = createChoices(10_000)
    choices.set('a', packed, choice(0, 2))
    expect(choices.get('a', packed)).toMatchObject({ vectors: { count: 2 }, position: '7' })
    expect(choices.get('a', packed)?.vectors.numbers()).toEqual(Uint32Array.of(0, 2))
    expect([choices.get('b', packed), choices.get('a', other)]).toEqual([undefined, undefined])
    packed.add(vectorOf(0))
    expect(choices.get('a', packed)).toBeUndefined()
    choices.set('a', other, choice(1))
    other.free()
    expect(choices.get('a', other)).toBeUndefined()
    packed.free()
  })

  it('given more than there is room for, those that were asked for last stay, and what is in use is told', () => {
    const packed = pack(3)
    const choices = createChoices(2_000)
    expect(choices.bytes()).toBe(0)
    for (const filter of ['a', 'b', 'c']) choices.set(filter, packed, choice(1))
    choices.get('a', packed)
    choices.set('d', packed, choice(1))
    expect(['a', 'b', 'c', 'd'].map((filter) => choices.get(filter, packed) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ])
    expect(choices.bytes()).toBeLessThanOrEqual(2_000)
    choices.set('a', packed, { vectors: createChosen(new Uint32Array(1_000), 32_000), position: '7' })
    expect(choices.get('a', packed)).toBeUndefined()
    packed.free()
    choices.dropGone()
    expect(choices.bytes()).toBe(0)
  })
})
