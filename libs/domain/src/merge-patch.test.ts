import type { JsonObject } from '@synap/contracts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyMergePatch, inverseMergePatch } from './merge-patch.ts'

const leaf = fc.oneof(
  fc.integer(),
  fc.boolean(),
  fc.string({ maxLength: 3 }),
  fc.array(fc.integer(), { maxLength: 2 }),
)
const key = fc.constantFrom('a', 'b', 'c', 'toString', 'constructor')
const tree = (withNull: boolean) =>
  fc.letrec<{ object: JsonObject; value: unknown }>((tie) => ({
    object: fc.dictionary(key, tie('value') as never, { maxKeys: 4, noNullPrototype: true }),
    value: fc.oneof({ maxDepth: 3 }, leaf, ...(withNull ? [fc.constant(null)] : []), tie('object')),
  })).object

describe('merge patches', () => {
  // Source: RFC 7396, appendix A, the cases with objects at the top.
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('given %j and the patch %j, the result is %j', (target, patch, expected) => {
    expect(applyMergePatch(target, patch)).toEqual(expected)
  })

  it('given any object without nulls and any patch, the inverse leads back', () => {
    fc.assert(
      fc.property(tree(false), tree(true), (target, patch) => {
        const changed = applyMergePatch(target, patch)
        expect(applyMergePatch(changed, inverseMergePatch(target, patch))).toEqual(target)
      }),
      { numRuns: 500 },
    )
  })

  it('given the key __proto__, no prototype is touched', () => {
    const hostile = JSON.parse('{"__proto__":{"bad":1},"a":{"__proto__":{"bad":1}}}') as JsonObject
    const result = applyMergePatch({}, hostile) as { a: object; bad?: unknown }
    expect(result.bad).toBeUndefined()
    expect(result).toEqual({ a: {} })
    expect(Object.getPrototypeOf(result.a)).toBe(Object.prototype)
  })
})
