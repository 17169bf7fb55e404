import type { Usage } from '../provider.ts'

/** Counts what the answers of one call say they used, whatever becomes of them. */
export interface Meter {
  /** One answer; a server that counts nothing leaves the numbers out. */
  answered(inputTokens: number | undefined, outputTokens?: number): void
  total(): Usage
}

export function createMeter(): Meter {
  const used = { requests: 0, inputTokens: 0, outputTokens: 0 }
  return {
    answered(inputTokens = 0, outputTokens = 0) {
      used.requests += 1
      used.inputTokens += inputTokens
      used.outputTokens += outputTokens
    },
    total: () => ({ ...used }),
  }
}
