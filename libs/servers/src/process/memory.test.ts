import { expect, it } from 'vitest'
import { residentBytes } from './memory.ts'

it('given this process, its memory is about what Node says; given none, nothing is told', () => {
  const told = residentBytes(process.pid) ?? 0
  const own = process.memoryUsage().rss
  expect(told).toBeGreaterThan(own / 2)
  expect(told).toBeLessThan(own * 2)
  expect(residentBytes(2 ** 30)).toBeNull()
})
