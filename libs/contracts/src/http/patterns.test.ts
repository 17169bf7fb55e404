import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import * as contracts from '../index.ts'

const length = 50_000
const maxMs = 50

/** Every schema that can be reached from what this library exports. */
function schemas(): z.ZodType[] {
  const found = new Set<z.ZodType>()
  const visit = (value: unknown, depth: number) => {
    if (value instanceof z.ZodType) found.add(value)
    else if (typeof value === 'object' && value !== null && depth < 4)
      for (const inner of Object.values(value)) visit(inner, depth + 1)
  }
  visit(contracts, 0)
  return [...found]
}

/** Patterns of text in a schema, by their source. */
function patternsOf(schema: z.ZodType): string[] {
  const patterns: string[] = []
  const visit = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'pattern' && typeof inner === 'string') patterns.push(inner)
      else if (key === 'patternProperties') patterns.push(...Object.keys(inner as object))
      visit(inner)
    }
  }
  for (const io of ['input', 'output'] as const)
    visit(z.toJSONSchema(schema, { io, unrepresentable: 'any', cycles: 'ref', reused: 'inline' }))
  return patterns
}

/** Text that nearly fits: a long run of what the pattern repeats, and then something that it cannot end with. */
function nearMisses(source: string): string[] {
  const ends = ['', '\u0000', '!', '"', 'Z', '-', ' ']
  const literals = source.replaceAll(/\\[dwsbDWSB]|\\x[0-9a-f]{2}|\[[^\]]*\]|\{[^}]*\}|[\\^$()|?*+.:]/g, ' ')
  const words = [...new Set(literals.split(/\s+/).filter((word) => word !== ''))]
  const runs = ['a', 'A', '0', '1', '-', '_', ' ', '.', ',', ':', 'a.', '0-', '01', 'a_', ...words]
  const prefixes = ['', '0', 'a', '2026-11-21T', '2026-11-21T09:08:47.', 'a.', '"']
  return prefixes.flatMap((prefix) =>
    runs.flatMap((run) =>
      ends.map((end) => prefix + run.repeat(Math.ceil(length / run.length)).slice(0, length) + end),
    ),
  )
}

/** Milliseconds of processor time, the least of three: a busy machine does not make a pattern slow. */
function cost(work: () => unknown): number {
  let least = Infinity
  for (let turn = 0; turn < 3 && least >= maxMs; turn += 1) {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1_000)
  }
  return least
}

const slowest = (pattern: RegExp) =>
  Math.max(...nearMisses(pattern.source).map((text) => cost(() => pattern.test(text))))

describe('the patterns of all schemas', () => {
  const sources = new Set(schemas().flatMap(patternsOf))

  it('given the search for them, it finds those that are there', () => {
    expect(schemas().length).toBeGreaterThan(50)
    expect(sources.size).toBeGreaterThan(10)
    expect(sources).toContain('^[0-9a-f]{64}$')
  })

  it('given a pattern that backtracks, its cost is seen', () => {
    expect(cost(() => /\s+$/.test(`${' '.repeat(20_000)}x`))).toBeGreaterThan(maxMs)
  })

  it.each([...sources])('given 50,000 characters that nearly fit %s, it takes less than 50 ms', (source) => {
    expect(slowest(new RegExp(source, 'u'))).toBeLessThan(maxMs)
  })
})
