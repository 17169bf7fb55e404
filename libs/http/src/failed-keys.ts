import { sha256Hex } from '@synap/core'

const minuteMs = 60_000
const maxAddresses = 10_000
const maxKeys = 10_000

/** Keeps those who try keys out from costing more than a look at a map. */
export interface FailedKeys {
  /** Seconds until a key that is not known to be good may be looked up for this address again; undefined: now. */
  waitSeconds(address: string, key: string): number | undefined
  noteFailed(address: string): void
  noteGood(key: string): void
}

/**
 * Counts keys that were none, by address and minute. Beyond `perMinute` only keys that were good before are still looked
 * up for that address: whoever shares it (a proxy, an office) goes on with them.
 */
export function createFailedKeys(perMinute: number, now: () => number = () => performance.now()): FailedKeys {
  const failures = new Map<string, { count: number; endsAt: number }>()
  // Hashes: a key stays in no memory longer than its request.
  const good = new Set<string>()
  const forgetOldest = (kept: Map<string, unknown> | Set<string>, max: number) => {
    const [oldest] = kept.keys()
    if (kept.size > max && oldest !== undefined) kept.delete(oldest)
  }
  return {
    waitSeconds(address, key) {
      const found = failures.get(address)
      if (found === undefined || found.count < perMinute || found.endsAt <= now()) return undefined
      return good.has(sha256Hex(key)) ? undefined : (found.endsAt - now()) / 1_000
    },
    noteFailed(address) {
      const found = failures.get(address)
      if (found !== undefined && found.endsAt > now()) {
        found.count += 1
        return
      }
      failures.delete(address)
      failures.set(address, { count: 1, endsAt: now() + minuteMs })
      forgetOldest(failures, maxAddresses)
    },
    noteGood(key) {
      const hash = sha256Hex(key)
      good.delete(hash)
      good.add(hash)
      forgetOldest(good, maxKeys)
    },
  }
}
