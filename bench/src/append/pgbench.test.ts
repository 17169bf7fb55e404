import { describe, expect, it } from 'vitest'
import { readPgbenchLog } from './pgbench.ts'

describe('readPgbenchLog', () => {
  it('given the log of three transactions in half a second, it is their rate and their latencies', () => {
    const log = '0 1 100000 0 1795255505 100000\n1 1 2000 0 1795255505 250000\n0 2 4000 0 1795255505 500000\n'
    expect(readPgbenchLog(log)).toEqual({ perSecond: 6, p50Ms: 4, p99Ms: expect.closeTo(98.08), items: 3 })
  })

  it('given the lines of an open loop, the lag at their end changes nothing', () => {
    const log = '0 1 100000 0 1795255505 100000 65\n1 1 2000 0 1795255506 0 8150\n'
    expect(readPgbenchLog(log)).toMatchObject({ perSecond: 2, items: 2 })
  })

  it('given no transaction, it says so', () => {
    expect(() => readPgbenchLog('')).toThrow('0 lines')
  })
})
