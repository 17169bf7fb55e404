import { expect, it } from 'vitest'
import { shortIds } from './short-id.ts'

const [a, b, c] = [
  '019aa0c8-7c1e-7000-8a3e-6d7a4c1b2f90',
  '019aa0c8-7c1e-7000-9a3e-6d7a4c1b2f90',
  '019aa0c9-0000-7000-8a3e-6d7a4c1b2f90',
] as const

it('given ids of several moments, the time tells them apart', () => {
  expect([...shortIds([a, c]).values()]).toEqual(['019aa0c8-7c1e', '019aa0c9-0000'])
})

it('given two of one moment, as much more as they need; all have one length', () => {
  expect(Object.fromEntries(shortIds([c, b, a, a]))).toEqual({
    [a]: '019aa0c8-7c1e-7000-8',
    [b]: '019aa0c8-7c1e-7000-9',
    [c]: '019aa0c9-0000-7000-8',
  })
})

it('given none, there is nothing', () => expect(shortIds([]).size).toBe(0))
