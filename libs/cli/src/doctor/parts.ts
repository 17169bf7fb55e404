import { findStandalone } from '../standalone/profile.ts'
import { type StandalonePart, standaloneStatus } from '../standalone/standalone-status.ts'
import { type Check, type Finding, failed, ok } from './check.ts'

/** What runs inside a standalone of this checkout. */
export const parts: Check = {
  name: 'parts',
  deadlineMs: 10_000,
  otherwise: () => './synap status',
  run: async ({ way }) => {
    const found = way === 'standalone' ? findStandalone() : undefined
    return found === undefined ? undefined : judgeParts((await standaloneStatus(found)).parts, found.logFile)
  },
}

type Part = Pick<StandalonePart, 'name' | 'state' | 'problem'>

export function judgeParts(all: readonly Part[], log: string): Finding {
  const wrong = all.filter(({ state }) => state !== 'ready')
  if (wrong.length === 0) return ok(`${all.map(({ name }) => name).join(', ')} are ready`)
  const found = wrong.map(({ name, problem }) => `${name}: ${problem ?? 'not ready'}`)
  return failed([...new Set(found)].join('; '), `See its log: tail '${log}'`)
}
