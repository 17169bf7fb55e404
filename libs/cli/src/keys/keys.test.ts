import type { KeyView } from '@synap/contracts'
import { describe, expect, it } from 'vitest'
import { exitCodes } from '../exit-codes.ts'
import { findKey } from './find-key.ts'
import { parseExpiry } from './parse-expiry.ts'
import { parseScopes } from './parse-scopes.ts'

const key = (id: string) => ({ id, name: id }) as KeyView
const keys = [key('019aa0c8-7c1e-7000'), key('019aa0c8-7c1f-7000')]

describe('when a key ends', () => {
  it.each([
    ['30d', 30],
    ['8w', 56],
    ['1y', 365],
    ['7', 7],
  ])('given %s, it is after %i days', (text, days) => expect(parseExpiry(text)).toBe(days))

  it.each(['', '0d', '11y', '30m', '-1', '1.5d', 'soon'])('given %j, it is refused', (text) => {
    expect(() => parseExpiry(text)).toThrow('30d, 8w, 1y')
  })
})

describe('what a key may do', () => {
  it('given a list, each scope is there once', () =>
    expect(parseScopes('read, write,read')).toEqual(['read', 'write']))

  it.each(['', 'reed', 'read,all'])('given %j, what there is is told', (text) => {
    expect(() => parseScopes(text)).toThrow('read, write')
  })
})

describe('a key by the beginning of its id', () => {
  it('given one that begins so, it is found', () => {
    expect(findKey(keys, '019AA0C8-7C1F').id).toBe('019aa0c8-7c1f-7000')
  })

  it('given several, they are told', () => {
    expect(() => findKey(keys, '019aa0c8')).toThrow(/7c1e-7000[\s\S]*7c1f-7000/)
    expect(() => findKey(keys, '019aa0c8')).toThrow(expect.objectContaining({ exitCode: exitCodes.usage }))
  })

  it.each(['', 'ff'])('given %j, none is', (text) =>
    expect(() => findKey(keys, text)).toThrow('No key begins with'),
  )
})
