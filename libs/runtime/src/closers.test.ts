import type { Logger } from '@synap/telemetry'
import { describe, expect, it } from 'vitest'
import { Closers } from './closers.ts'

function listeningLogger() {
  const lines: Record<string, unknown>[] = []
  const keep = (fields: Record<string, unknown>, msg: string) => void lines.push({ ...fields, msg })
  return { lines, logger: { error: keep, warn: keep } as unknown as Logger }
}

describe('the closers of a service', () => {
  it('given a part that hangs, the log names it and those that were never closed', async () => {
    const { lines, logger } = listeningLogger()
    const closers = new Closers()
    const closed: string[] = []
    closers.defer('database', () => closed.push('database'))
    closers.defer('log', () => closed.push('log'))
    closers.defer('relay', () => new Promise(() => undefined))
    closers.defer('server', () => closed.push('server'))
    expect(await closers.close(logger, 20)).toBe(false)
    expect(closed).toEqual(['server'])
    expect(lines).toEqual([
      { part: 'relay', notClosed: ['log', 'database'], msg: 'a part hangs while it closes' },
    ])
  })

  it('given a part that fails to close, the log names it and the others are closed', async () => {
    const { lines, logger } = listeningLogger()
    const closers = new Closers()
    const closed: string[] = []
    closers.defer('database', () => closed.push('database'))
    const error = new Error('no')
    closers.defer('relay', async () => Promise.reject(error))
    expect(await closers.close(logger, 10_000)).toBe(true)
    expect(closed).toEqual(['database'])
    expect(lines).toEqual([{ part: 'relay', error, msg: 'a part did not close cleanly' }])
  })
})
