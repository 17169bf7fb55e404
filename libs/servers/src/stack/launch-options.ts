import { join } from 'node:path'
import { serversConfig } from '../config.ts'

export interface LaunchOptions {
  /** Arguments of Node, before the program. */
  arguments: readonly string[]
  environment: Readonly<Record<string, string>>
}

/**
 * How a service is started so that it takes little memory, wherever it is: here, in tests and in the image
 * (`deploy/Dockerfile` says the same). Measured in ADR 0011.
 *
 * Ingest streams files: what it allocates is dead at once, and a small young generation finds that out early. Buffers of
 * 64 KiB, as sockets and files fill them, are given back to the system when they are freed instead of staying in an
 * arena. What Node made of the sources is kept in a folder of this user: it need not load what strips the types
 * (the image has no such folder, unless one is mounted). The consumers work in large batches, for which V8's own sizes are right.
 */
export function launchOptionsOf(service: string): LaunchOptions {
  if (service !== 'ingest') return { arguments: [], environment: {} }
  return {
    arguments: ['--max-semi-space-size=1'],
    environment: {
      MALLOC_ARENA_MAX: '2',
      MALLOC_MMAP_THRESHOLD_: '65536',
      ...compileCache(),
    },
  }
}

/**
 * How the program that rebuilds a read model is started, by the command line and by its benchmark. It keeps all cores busy,
 * so collectors that run besides its threads only take from them; and each of its threads would compile the sources anew.
 */
export function rebuildLaunchOptions(): LaunchOptions {
  return {
    arguments: ['--disable-warning=ExperimentalWarning', '--single-threaded-gc'],
    environment: compileCache(),
  }
}

/** Where Node keeps what it made of the sources, for the environment of programs. */
export function compileCache(): { NODE_COMPILE_CACHE: string } {
  return { NODE_COMPILE_CACHE: join(serversConfig().cacheRoot, 'compiled') }
}
