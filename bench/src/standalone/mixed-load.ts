import type { SynapClient } from '@synap/client'
import { type OpenLoopResult, runOpenLoop } from '../open-loop.ts'

/** Calls per second of each kind, in open loop. */
export interface Rates {
  captures: number
  reads: number
  searches: number
  lists: number
}

export interface MixedLoadOptions {
  client: SynapClient
  rates: Rates
  /** What is captured, in turn. */
  texts: readonly string[]
  /** Items that can be read at the start; each capture adds one. */
  ids: string[]
  signal: AbortSignal
  random: () => number
}

const words = [
  'install',
  'license',
  'promise',
  'stream',
  'parse',
  'error',
  'node options',
  'how to use',
  'tomorrow',
]

/** Every other capture is a thought as people type it, the others are documents. */
const thought = (turn: number) => `Call Bob about number ${turn} tomorrow, and buy milk #errands`

type Kind = keyof Rates

/** Calls as a lively account makes them, until the signal aborts; every call must be answered. */
export async function runMixedLoad(options: MixedLoadOptions): Promise<Record<Kind, OpenLoopResult>> {
  const { client, rates, texts, ids, signal, random } = options
  const anyOf = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)]
  const calls: Record<Kind, (turn: number) => Promise<void>> = {
    captures: async (turn) => {
      const text = texts[(turn >> 1) % texts.length] ?? ''
      const content = turn % 2 === 0 ? thought(turn) : `${text}\n\nTurn ${turn}.\n`
      ids.push((await client.capture({ type: 'note', content })).id)
    },
    reads: async () => {
      // Not of the newest, which need not be projected yet.
      const id = ids[Math.floor(random() * ids.length * 0.8)]
      if (id !== undefined) await client.getEntity(id as Parameters<typeof client.getEntity>[0])
    },
    searches: async () => {
      await client.search({ q: anyOf(words) ?? 'milk' })
    },
    lists: async () => {
      await client.list({ limit: 50 })
    },
  }
  const loop = (kind: Kind) =>
    rates[kind] === 0
      ? { latencies: [], failures: [] }
      : runOpenLoop({ everyMs: 1_000 / rates[kind], signal, call: calls[kind] })
  const [captures, reads, searches, lists] = await Promise.all([
    loop('captures'),
    loop('reads'),
    loop('searches'),
    loop('lists'),
  ])
  return { captures, reads, searches, lists }
}
