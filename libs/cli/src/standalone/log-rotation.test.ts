import { closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '@synap/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTemporaryFolder, type TemporaryFolder } from '../../test/temporary-folder.ts'
import { keepLogBounded, rotateLog } from './log-rotation.ts'

describe('the log of a standalone', () => {
  let folder: TemporaryFolder
  let file: string
  let writer: number

  beforeEach(async () => {
    folder = await createTemporaryFolder()
    file = join(folder.path, 'standalone.log')
    writer = openSync(file, 'a', 0o600)
  })
  afterEach(async () => {
    closeSync(writer)
    await folder[Symbol.asyncDispose]()
  })
  const text = (name = file) => readFileSync(name, 'utf8')

  it('given a log within its limit, or none, it stays', () => {
    writeSync(writer, 'one\n')
    expect(rotateLog(file, 4)).toBe(false)
    expect(text()).toBe('one\n')
    expect(rotateLog(join(folder.path, 'none.log'), 4)).toBe(false)
  })

  it('given one above it, its lines are kept aside, and who writes goes on at the beginning', () => {
    writeSync(writer, 'one\ntwo\n')
    expect(rotateLog(file, 4)).toBe(true)
    writeSync(writer, 'three\n')
    expect([text(`${file}.1`), text()]).toEqual(['one\ntwo\n', 'three\n'])
    expect(statSync(`${file}.1`).mode & 0o777).toBe(0o600)
  })

  it('given a writer that never ends, no more than two files of about the limit are there', async () => {
    const limit = 10_000
    const bounded = keepLogBounded(file, { maxBytes: limit, everyMs: 1 })
    let written = 0
    try {
      await eventually(
        'the log was moved aside several times',
        async () => {
          written += writeSync(writer, `${'x'.repeat(999)}\n`)
          expect(statSync(file).size).toBeLessThanOrEqual(2 * limit)
          return written > 5 * limit && statSync(`${file}.1`, { throwIfNoEntry: false }) !== undefined
        },
        { everyMs: 5 },
      )
    } finally {
      bounded.stop()
    }
    expect(statSync(`${file}.1`).size).toBeLessThanOrEqual(2 * limit)
  })
})
