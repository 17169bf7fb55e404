import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { identify } from '../process/identity.ts'
import { cached } from './cache.ts'
import { withLock } from './lock.ts'

let root: string
const quiet = { report: () => undefined }

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'synap-cache-'))
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

describe('the cache', () => {
  it('given two that want an entry at once, it is built once and both get it', async () => {
    let builds = 0
    const build = async (folder: string) => {
      builds += 1
      await new Promise((resolve) => setTimeout(resolve, 50))
      writeFileSync(join(folder, 'content'), 'x')
    }
    const want = () => cached(root, { name: 'thing-1', build }, quiet)
    const [first, second] = await Promise.all([want(), want()])
    expect(builds).toBe(1)
    expect(readFileSync(join(first, 'content'), 'utf8')).toBe('x')
    expect(second).toBe(first)
  })

  it('given a build that fails half-way, nothing is kept and the next one builds again', async () => {
    const failing = async (folder: string) => {
      writeFileSync(join(folder, 'half'), '')
      throw new Error('the network is away')
    }
    await expect(cached(root, { name: 'thing-1', build: failing }, quiet)).rejects.toThrow('away')
    expect(readdirSync(root)).toEqual([])
    const folder = await cached(root, { name: 'thing-1', build: async () => undefined }, quiet)
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('the lock', () => {
  it('given a holder that died, the lock is taken over', async () => {
    const lock = join(root, 'lock')
    writeFileSync(lock, JSON.stringify({ pid: process.pid, startedAt: 'another boot/1' }))
    expect(await withLock(lock, {}, async () => 'mine')).toBe('mine')
    expect(existsSync(lock)).toBe(false)
    expect(readdirSync(root)).toEqual([])
  })

  it('given a holder that lives, the second waits, is told who holds it, and comes in after', async () => {
    const lock = join(root, 'lock')
    const order: string[] = []
    const holders: number[] = []
    const first = withLock(lock, {}, async () => {
      await new Promise((resolve) => setTimeout(resolve, 150))
      order.push('first')
    })
    const onWait = (holder: number) => holders.push(holder)
    const second = withLock(lock, { onWait }, async () => order.push('second'))
    await Promise.all([first, second])
    expect(order).toEqual(['first', 'second'])
    expect(holders).toEqual([identify(process.pid)?.pid])
  })

  it('given a wait that is given up, it rejects and leaves the holder alone', async () => {
    const lock = join(root, 'lock')
    const giveUp = new AbortController()
    await withLock(lock, {}, async () => {
      const waiting = withLock(
        lock,
        { signal: giveUp.signal, onWait: () => giveUp.abort() },
        async () => 'in',
      )
      await expect(waiting).rejects.toThrow('abort')
      expect(existsSync(lock)).toBe(true)
    })
  })
})
