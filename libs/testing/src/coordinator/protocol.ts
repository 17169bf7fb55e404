import type { ServerAddresses, ServerKind } from '@synap/servers'

/** What the tests ask the process that owns the shared servers; JSON over HTTP on 127.0.0.1, one route per name. */
export interface CoordinatorCalls {
  '/servers': { request: { kinds: ServerKind[] }; response: { addresses: ServerAddresses } }
  '/databases/create': { request: { services: string[] }; response: { name: string } }
  '/databases/drop': { request: { name: string }; response: Record<string, never> }
  '/sql': { request: { database: string; sql: string }; response: { lines: string[] } }
}

export type CoordinatorRoute = keyof CoordinatorCalls

/** How a test finds the coordinator; the token keeps other programs of this machine out. */
export interface CoordinatorAddress {
  url: string
  token: string
  /** Temporary folder of the whole run, removed at its end: a test puts what it leaves lying about in here. */
  folder: string
}

declare module 'vitest' {
  interface ProvidedContext {
    synapCoordinator: CoordinatorAddress
  }
}
