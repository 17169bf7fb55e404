import { describe, expect, it } from 'vitest'
import { parseStat, secondsBelow } from './process-cpu.ts'

const stat = (name: string) =>
  `42 (${name}) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 30 20 20 0 1 0 100 1000 200`

describe('CPU of processes', () => {
  it.each(['postgres', 'a) b (c', 'checkpointer 1 2 3'])(
    'given the name %j, fields are found behind it',
    (name) => {
      expect(parseStat(stat(name))).toEqual({ parent: 7, seconds: 2.5 })
    },
  )

  it('given a tree, its processes are summed and strangers are not', () => {
    const stats = new Map([
      [1, { parent: 0, seconds: 100 }],
      [2, { parent: 1, seconds: 1 }],
      [3, { parent: 2, seconds: 2 }],
      [4, { parent: 3, seconds: 4 }],
      [5, { parent: 1, seconds: 8 }],
    ])
    expect(secondsBelow(2, stats)).toBe(7)
    expect(secondsBelow(9, stats)).toBe(0)
  })
})
