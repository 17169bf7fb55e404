import { describe, expect, it } from 'vitest'
import { hashRequest } from './hash-request.ts'

describe('the hash of a request', () => {
  const hash = (body: unknown) => hashRequest('POST', '/v1/entities', body)

  it('given the same fields in another order, at any depth, it is the same', () => {
    expect(hash({ a: 1, b: { c: [1, 2], d: null } })).toBe(hash({ b: { d: null, c: [1, 2] }, a: 1 }))
  })

  it('given another value, order of a list, path or method, it is another', () => {
    const hashes = [
      hash({ a: 1 }),
      hash({ a: '1' }),
      hash({ a: [1, 2] }),
      hash({ a: [2, 1] }),
      hash({}),
      hash(undefined),
      hashRequest('DELETE', '/v1/entities', {}),
      hashRequest('POST', '/v1/entities/x', {}),
    ]
    expect(new Set(hashes).size).toBe(hashes.length)
  })
})
