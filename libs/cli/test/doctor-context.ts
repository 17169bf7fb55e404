import type { DoctorContext } from '../src/doctor/context.ts'
import { repositoryRoot } from '../src/repository.ts'

/** What the checks see where nothing runs, with `more` over it. */
export function contextOf(more: Partial<DoctorContext> = {}): DoctorContext {
  return {
    root: repositoryRoot,
    way: 'none',
    connection: undefined,
    obstacle: undefined,
    stack: { ok: false, provider: null, parts: [] },
    environment: {},
    written: {},
    ...more,
  }
}

/** A Synap at an address, as flags give it. */
export function elsewhere(url: string, apiKey = 'syn_a'): Partial<DoctorContext> {
  const connection = {
    ingestUrl: url,
    queryUrl: url,
    apiKey,
    env: {},
    isLocalStack: false,
    keyFrom: '--api-key',
  }
  return { way: 'elsewhere', connection }
}
