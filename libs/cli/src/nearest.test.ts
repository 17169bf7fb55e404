import { describe, expect, it } from 'vitest'
import { nearest } from './nearest.ts'

const names = ['capture', 'list', 'keys create', 'keys list']

describe('the nearest name', () => {
  it.each([
    ['captrue', 'capture'],
    ['lst', 'list'],
    ['keys craete', 'keys create'],
    ['key list', 'keys list'],
  ])('given %s, it is %s', (text, name) => expect(nearest(text, names)).toBe(name))

  it.each(['', 'frobnicate', 'x'])('given %j, there is none', (text) => {
    expect(nearest(text, names)).toBeUndefined()
  })
})
