import type { Benchmark } from './benchmark.ts'
import { b5Encoding } from './encoding/b5.ts'
import { b7Relay } from './relay/b7.ts'
import { standaloneIdle } from './standalone/idle.ts'
import { standaloneImport } from './standalone/import.ts'
import { standaloneMemory } from './standalone/memory.ts'
import { standaloneStart } from './standalone/start-times.ts'
import { b2Writer } from './writer/b2.ts'

/** Every command of the suite, in the order of the list. */
export const benchmarks: readonly Benchmark[] = [
  standaloneStart,
  standaloneIdle,
  standaloneImport,
  standaloneMemory,
  b2Writer,
  b5Encoding,
  b7Relay,
]
