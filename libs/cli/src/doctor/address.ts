import { type Check, failed, ok } from './check.ts'
import type { DoctorContext } from './context.ts'

export const address: Check = {
  name: 'address',
  otherwise: startIt,
  run: async (context, signal) => {
    const { connection } = context
    if (connection === undefined) return undefined
    const urls = [...new Set([connection.ingestUrl, connection.queryUrl])]
    const problems = (await Promise.all(urls.map((url) => problemAt(url, signal)))).flat()
    return problems.length === 0
      ? ok(`${urls.join(' and ')} answer${urls.length === 1 ? 's' : ''}`)
      : failed(problems.join('; '), startIt(context))
  },
}

function startIt({ way, connection }: DoctorContext): string {
  if (way === 'stack') return './synap up starts what is down; ./synap status shows it'
  if (way === 'standalone') return 'End it (Ctrl-C) and run ./synap start again; its log says why'
  return `Is the address right? curl ${connection?.ingestUrl ?? ''}/openapi.json`
}

/** Below the deadline of the check, so that the address that is silent is named. */
const answerMs = 4_000

/** What is wrong with a base address: nothing, or one sentence. */
async function problemAt(url: string, signal: AbortSignal): Promise<string[]> {
  try {
    const timeout = AbortSignal.timeout(answerMs)
    const response = await fetch(new URL('/openapi.json', url), {
      signal: AbortSignal.any([signal, timeout]),
    })
    const document: unknown = response.ok ? await response.json() : undefined
    const isSynap = typeof document === 'object' && document !== null && 'openapi' in document
    return isSynap ? [] : [`what answers at ${url} is no Synap (status ${response.status})`]
  } catch (error) {
    signal.throwIfAborted()
    return error instanceof SyntaxError
      ? [`what answers at ${url} is no Synap`]
      : [`nothing answers at ${url}`]
  }
}
