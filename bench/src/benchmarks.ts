import type { Benchmark } from './benchmark.ts'
import { standaloneMemory } from './standalone/memory.ts'

/** Every command of the suite, in the order of the list. */
export const benchmarks: readonly Benchmark[] = [standaloneMemory]
