import { setTimeout as sleep } from 'node:timers/promises'
import { describeError } from '@synap/core'

export interface OpenLoopOptions {
  everyMs: number
  /** Ends the loop; calls under way are waited for. */
  signal: AbortSignal
  call: (turn: number) => Promise<void>
}

export interface OpenLoopResult {
  /** Milliseconds from the time a call was due to its answer, in the order of the turns. */
  latencies: number[]
  failures: { turn: number; reason: string }[]
}

/**
 * Calls at fixed times, whether or not earlier calls have been answered, and counts from the time the call was due: a
 * server that stalls is charged for everyone who would have waited meanwhile.
 */
export async function runOpenLoop({ everyMs, signal, call }: OpenLoopOptions): Promise<OpenLoopResult> {
  const startedAt = performance.now()
  const latencies: number[] = []
  const failures: OpenLoopResult['failures'] = []
  const underWay = new Set<Promise<void>>()
  const one = async (turn: number, dueAt: number) => {
    try {
      await call(turn)
      latencies[turn] = performance.now() - dueAt
    } catch (error) {
      failures.push({ turn, reason: describeError(error) })
    }
  }
  for (let turn = 0; !signal.aborted; turn++) {
    const dueAt = startedAt + turn * everyMs
    const early = dueAt - performance.now()
    if (early > 0) await sleep(early, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) break
    const calling = one(turn, dueAt).finally(() => underWay.delete(calling))
    underWay.add(calling)
  }
  await Promise.all(underWay)
  return { latencies: latencies.filter((ms) => ms !== undefined), failures }
}
