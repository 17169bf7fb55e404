import { ApiError, createClient } from '@synap/client'
import type { KeyView } from '@synap/contracts'
import type { Connection } from '../connection.ts'
import { relativeTime } from '../relative-time.ts'
import { type Check, type Finding, failed, ok, warning } from './check.ts'

export const key: Check = {
  name: 'key',
  otherwise: ({ way }) => (way === 'stack' ? './synap up' : 'See the address above'),
  run: async ({ connection }, signal) => {
    if (connection === undefined) return undefined
    try {
      return judgeKey(await oneTry(connection).currentKey({ signal }), Date.now())
    } catch (error) {
      const status = error instanceof ApiError ? error.status : undefined
      if (status === 401)
        return failed(`not accepted; it came from ${connection.keyFrom}`, getAnother(connection))
      if (status === 404)
        return warning('accepted, and its scopes are not told', 'Bring the server up to date')
      throw error
    }
  },
}

export function judgeKey(
  { name, scopes, expiresAt }: Pick<KeyView, 'name' | 'scopes' | 'expiresAt'>,
  now: number,
): Finding {
  const found = `"${name}" is accepted, with ${scopes.join(', ')}`
  const missing = (['read', 'write'] as const).filter((scope) => !scopes.includes(scope))
  if (missing.length > 0)
    return warning(found, `It lacks ${missing.join(', ')}: ./synap keys create --name NAME`)
  const isEnding = expiresAt !== null && Date.parse(expiresAt) - now < 7 * 86_400_000
  return isEnding
    ? warning(`${found}, and ends ${relativeTime(expiresAt, now)}`, './synap keys create --name NAME')
    : ok(found)
}

const getAnother = ({ isLocalStack, keyFrom }: Connection): string =>
  isLocalStack && !keyFrom.startsWith('SYNAP_')
    ? './synap up makes a key that works'
    : 'Unset SYNAP_API_KEY, or set it to a key of this Synap (./synap keys create)'

/** A client that does not try again: the person wants to know now. */
export const oneTry = ({ ingestUrl, queryUrl, apiKey }: Connection) =>
  createClient({ ingestUrl, queryUrl, apiKey, deadlineMs: 4_000, attempts: 1 })
