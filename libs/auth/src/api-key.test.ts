import { describe, expect, it } from 'vitest'
import { generateApiKey, hashApiKey, isHashOf, parseApiKey, parseBearer } from './api-key.ts'

describe('API keys', () => {
  it('given many new keys, each is one of its kind and parses to itself', () => {
    const keys = Array.from({ length: 1_000 }, generateApiKey)
    expect(new Set(keys).size).toBe(keys.length)
    for (const key of keys) {
      expect(key).toMatch(/^syn_[A-Za-z0-9_-]{43}$/)
      expect(parseApiKey(key)).toBe(key)
    }
  })

  it('given a text that only looks like a key, it is none', () => {
    const key = generateApiKey()
    for (const text of [
      '',
      'syn_',
      key.slice(0, -1),
      `${key}A`,
      ` ${key}`,
      `${key}\n`,
      key.replace('syn_', 'sk_'),
    ]) {
      expect(parseApiKey(text)).toBeUndefined()
    }
  })

  it('given another spelling of the same 256 bits, it is refused: one key has one hash', () => {
    const zeros = `syn_${Buffer.alloc(32).toString('base64url')}`
    expect(parseApiKey(zeros)).toBe(zeros)
    expect(parseApiKey(`${zeros.slice(0, -1)}B`)).toBeUndefined()
  })

  it('given a key and a hash, they match only when they belong together', () => {
    const key = generateApiKey()
    expect(isHashOf(key, hashApiKey(key))).toBe(true)
    expect(isHashOf(key, hashApiKey(generateApiKey()))).toBe(false)
    expect(isHashOf(key, Buffer.alloc(31))).toBe(false)
  })

  it('given an Authorization header, only a bearer token is taken from it', () => {
    expect(parseBearer('Bearer abc')).toBe('abc')
    expect(parseBearer('bearer abc')).toBe('abc')
    for (const header of [undefined, '', 'Bearer', 'Bearer ', 'Basic abc', 'Bearer a b', 'Bearer a\u00e4']) {
      expect(parseBearer(header)).toBeUndefined()
    }
    expect(parseBearer(`Bearer ${'a'.repeat(100_000)}`)).toBeUndefined()
  })
})
