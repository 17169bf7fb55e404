import { b6Append } from './append/b6.ts'
import type { Benchmark } from './benchmark.ts'
import { b3Dedupe } from './dedupe/b3.ts'
import { b5Encoding } from './encoding/b5.ts'
import { b12Freshness } from './freshness/b12.ts'
import { readYourWrites } from './freshness/read-your-writes.ts'
import { outboxBloat } from './outbox/bloat.ts'
import { b8Questions } from './questions/b8.ts'
import { b13Rebuild } from './rebuild/b13.ts'
import { b7Relay } from './relay/b7.ts'
import { b10Vectors } from './search/b10.ts'
import { b11Hybrid } from './search/b11.ts'
import { standaloneIdle } from './standalone/idle.ts'
import { standaloneImport } from './standalone/import.ts'
import { standaloneMemory } from './standalone/memory.ts'
import { standaloneStart } from './standalone/start-times.ts'
import { b1Store } from './store/b1.ts'
import { b2Writer } from './writer/b2.ts'

/** Every command of the suite, in the order of the list. */
export const benchmarks: readonly Benchmark[] = [
  standaloneStart,
  standaloneIdle,
  standaloneImport,
  standaloneMemory,
  b1Store,
  b2Writer,
  b3Dedupe,
  b6Append,
  b5Encoding,
  b7Relay,
  b10Vectors,
  b11Hybrid,
  outboxBloat,
  b8Questions,
  b12Freshness,
  readYourWrites,
  b13Rebuild,
]
