import type { Ledger } from '@synap/contracts'
import type { UserId } from '@synap/core'
import { expect, it } from 'vitest'
import { watchLedger } from './watch-ledger.ts'

const ledger = (seen: number): Ledger => ({
  userId: 'u' as UserId,
  acknowledged: { items: 1, withContent: 0, events: 3 },
  objects: { referenced: 0, present: 0, unreferenced: 0 },
  outbox: { events: 3, unpublished: 0 },
  topic: null,
  log: { events: 3, parked: 0 },
  readModel: { items: 1, seen, parked: 0, texts: 0, vectors: 1 },
  jobs: { done: 1, failed: 0, open: 0, withoutVectors: 0 },
})
const topic = { events: 3, repeated: 0 }
const signal = new AbortController().signal

/** Reads one ledger after the other, the last one for ever. */
function readerOf(...seen: number[]) {
  let reads = 0
  return {
    reads: () => reads,
    read: async () => ledger(seen[Math.min(reads++, seen.length - 1)] ?? 0),
    readTopic: async () => topic,
  }
}

it('given stores that become level, it waits for that, tells how far it is, and reads the topic last', async () => {
  const reader = readerOf(1, 2, 3)
  const told: unknown[] = []
  const options = {
    stillMs: 60_000,
    everyMs: 1,
    signal,
    onProgress: (progress: unknown) => told.push(progress),
  }
  expect(await watchLedger(reader, options)).toEqual({ ...ledger(3), topic })
  expect(told).toEqual(Array.from({ length: 3 }, () => ({ done: 1, of: 1 })))
})

it('given stores where nothing moves any more, it takes them as they are', async () => {
  const reader = readerOf(1, 2)
  const found = await watchLedger(reader, { stillMs: 20, everyMs: 1, signal, onProgress: () => undefined })
  expect(found.readModel.seen).toBe(2)
  expect(reader.reads()).toBeGreaterThan(2)
})

it('given an interruption, it ends at once and reads no topic', async () => {
  const interrupted = new AbortController()
  const reader = { ...readerOf(1), readTopic: () => Promise.reject(new Error('read the topic')) }
  const onProgress = () => interrupted.abort(new Error('interrupted'))
  const watching = watchLedger(reader, { stillMs: 60_000, signal: interrupted.signal, onProgress })
  await expect(watching).rejects.toThrow('interrupted')
})
