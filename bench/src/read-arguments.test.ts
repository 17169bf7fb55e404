import { describe, expect, it } from 'vitest'
import { benchmarks } from './benchmarks.ts'
import { helpOf, readArguments, UsageError } from './read-arguments.ts'

const benchmark = {
  name: 'x',
  options: {
    minutes: { help: 'of it', unit: 'minutes', default: 60, min: 0.1, whole: false },
    'sample-files': { help: 'read', unit: 'files', default: 10, min: 1 },
  },
}

describe('arguments of a benchmark', () => {
  it('given none, all have their defaults', () => {
    expect(readArguments(benchmark, [])).toEqual({
      values: { minutes: 60, 'sample-files': 10 },
      out: undefined,
      seed: 1,
      help: false,
    })
  })

  it('given some, they are read', () => {
    const args = ['--minutes', '0.5', '--sample-files=3', '--out', 'docs', '--seed', '9']
    expect(readArguments(benchmark, args)).toMatchObject({
      values: { minutes: 0.5, 'sample-files': 3 },
      out: 'docs',
      seed: 9,
    })
  })

  it.each([
    [['--minutes', 'many'], '--minutes is a number of minutes, at least 0.1'],
    [['--minutes', '0'], 'at least 0.1'],
    [['--sample-files', '1.5'], '--sample-files is a whole number'],
    [['--sample-files='], '--sample-files is a whole number'],
    [['--hours', '1'], '--help'],
    [['more'], '--help'],
  ])('given %j, it is said what is expected', (args, message) => {
    expect(() => readArguments(benchmark, args)).toThrow(UsageError)
    expect(() => readArguments(benchmark, args)).toThrow(message)
  })

  it('given any benchmark, its help names every option and names are unique', () => {
    for (const one of benchmarks)
      for (const option of Object.keys(one.options)) expect(helpOf(one)).toContain(`--${option} `)
    expect(new Set(benchmarks.map(({ name }) => name)).size).toBe(benchmarks.length)
  })
})
