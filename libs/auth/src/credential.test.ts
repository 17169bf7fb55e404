import { type UserId, uuidv7 } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { actingFor, type Credential, isExpired } from './credential.ts'

const own = uuidv7() as UserId
const other = uuidv7() as UserId
const credential = (over: Partial<Credential> = {}): Credential => ({
  userId: own,
  keyId: 'k',
  scopes: ['read', 'write'],
  expiresAt: null,
  ...over,
})

describe('credentials', () => {
  it('given no wish or its own user, a credential acts for its own user', () => {
    expect(actingFor(credential(), undefined)).toBe(own)
    expect(actingFor(credential(), own)).toBe(own)
  })

  it('given another user, only the scope act:any lets it act for them', () => {
    expect(actingFor(credential(), other)).toBeUndefined()
    expect(actingFor(credential({ scopes: ['admin', 'operate', 'read', 'write'] }), other)).toBeUndefined()
    expect(actingFor(credential({ scopes: ['act:any'] }), other)).toBe(other)
  })

  it('given an expiry, it is over at that very millisecond', () => {
    expect(isExpired(credential({ expiresAt: 10 }), 9)).toBe(false)
    expect(isExpired(credential({ expiresAt: 10 }), 10)).toBe(true)
    expect(isExpired(credential(), Number.MAX_SAFE_INTEGER)).toBe(false)
  })
})
