import type { Logger } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { touchApiKeys } from './sql/api-keys.ts'

export interface KeyUseOptions {
  pool: Pool
  logger: Pick<Logger, 'warn'>
  /** Milliseconds from any beginning; the clock of the process by default. */
  now?: () => number
}

/** Remembers when API keys were last used. */
export interface KeyUse {
  /** Returns at once; what it leads to is written beside the request, and a failure is only logged. */
  note: (keyId: string) => void
  /** Resolves when everything noted is written. */
  close: () => Promise<void>
}

/** At most one write per key and minute: a busy key must not be a write per request. */
const everyMs = 60_000
const capacity = 10_000

/** Writes `write.api_keys.last_used_at`, one statement at a time for all keys that were noted meanwhile. */
export function createKeyUse({ pool, logger, now = () => performance.now() }: KeyUseOptions): KeyUse {
  const notedAt = new Map<string, number>()
  const waiting = new Set<string>()
  let writing: Promise<void> | undefined

  const writeAll = async () => {
    while (waiting.size > 0) {
      const keyIds = [...waiting]
      waiting.clear()
      try {
        await inTransaction(pool, (client) => touchApiKeys(client, keyIds))
      } catch (error) {
        for (const keyId of keyIds) notedAt.delete(keyId)
        logger.warn({ error }, 'the use of API keys was not noted and will be at their next use')
      }
    }
  }

  return {
    note: (keyId) => {
      const before = notedAt.get(keyId)
      if (before !== undefined && now() - before < everyMs) return
      notedAt.delete(keyId)
      const oldest = notedAt.size >= capacity ? notedAt.keys().next().value : undefined
      if (oldest !== undefined) notedAt.delete(oldest)
      notedAt.set(keyId, now())
      waiting.add(keyId)
      writing ??= writeAll().finally(() => (writing = undefined))
    },
    close: async () => {
      await writing
    },
  }
}
