import type { UserId } from '@synap/core'
import { createHearsay } from './hearsay.ts'

/** How far a store is, for several users at once; a user that is left out is at 0. */
export type ReadPositions = (users: readonly UserId[]) => Promise<ReadonlyMap<UserId, number>>

export interface PositionWaiterOptions {
  readPositions: ReadPositions
  /** Milliseconds between looks while somebody waits, in case a notification is lost; 250 by default. */
  recheckMs?: number
}

/** Everybody in this process who waits for the position of one store; holds no connection and no transaction. */
export interface PositionWaiter {
  /**
   * True as soon as the store has accounted for the user's events up to `minimum`; false after `waitMs`. Looks at least
   * once. Rejects when the positions cannot be read, or with the signal's reason.
   */
  reached(userId: UserId, minimum: number, waitMs: number, signal: AbortSignal): Promise<boolean>
  /** Another number once the user's position may have moved. Ask before you look for yourself, for `mayBeReached`. */
  changes(userId: UserId): number
  /** How far the store is for the user, as far as notifications have said; a hint. */
  heard(userId: UserId): number | undefined
  /**
   * As `reached`, for who has found the store behind, having asked for `changes` before, and finds out for himself again: true
   * as well as soon as the user's position may have moved since, while so few wait that a look for all of them saves nothing.
   */
  mayBeReached(
    wanted: { userId: UserId; minimum: number; changes: number },
    waitMs: number,
    signal: AbortSignal,
  ): Promise<boolean>
  /** These positions have moved; without them any may have. One look serves all who wait for one. */
  wake(moved?: ReadonlyMap<UserId, number>): void
}

/** So many may each look for themselves. */
const fewWaiting = 3

interface Waiting {
  userId: UserId
  minimum: number
  /** Finds out for himself. */
  looksItself: boolean
  settle(reached: boolean): void
  fail(error: unknown): void
}

export function createPositionWaiter({
  readPositions,
  recheckMs = 250,
}: PositionWaiterOptions): PositionWaiter {
  const waiting = new Set<Waiting>()
  let timer: NodeJS.Timeout | undefined

  const look = createLook(waiting, readPositions)
  const join = (
    wanted: Pick<Waiting, 'userId' | 'minimum' | 'looksItself'>,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<boolean> => {
    timer ??= setInterval(() => void look(), recheckMs)
    return enter(waiting, wanted, { waitMs, signal }).finally(() => {
      if (waiting.size > 0) return
      clearInterval(timer)
      timer = undefined
    })
  }

  const hearsay = createHearsay()
  return {
    reached(userId, minimum, waitMs, signal) {
      signal.throwIfAborted()
      const reached = join({ userId, minimum, looksItself: false }, waitMs, signal)
      void look()
      return reached
    },
    changes: hearsay.changesOf,
    heard: hearsay.seenOf,
    async mayBeReached({ userId, minimum, changes: known }, waitMs, signal) {
      signal.throwIfAborted()
      const hasChanged = known !== hearsay.changesOf(userId)
      if (hasChanged && waiting.size < fewWaiting) return true
      const reached = join({ userId, minimum, looksItself: true }, waitMs, signal)
      if (hasChanged) void look()
      return reached
    },
    wake(moved) {
      hearsay.note(moved)
      const areFew = waiting.size <= fewWaiting
      let isOpen = false
      for (const one of waiting) {
        const seen = moved === undefined ? 0 : moved.get(one.userId)
        if (seen === undefined) continue
        if (one.looksItself && (areFew || seen >= one.minimum)) one.settle(true)
        else isOpen = true
      }
      if (isOpen) void look()
    },
  }
}

/** Waits among others until somebody settles it, the time is up, or the signal aborts. */
function enter(
  waiting: Set<Waiting>,
  wanted: Pick<Waiting, 'userId' | 'minimum' | 'looksItself'>,
  { waitMs, signal }: { waitMs: number; signal: AbortSignal },
): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const deadline = setTimeout(() => one.settle(false), waitMs)
  const onAbort = () => one.fail(signal.reason)
  const end = () => {
    clearTimeout(deadline)
    signal.removeEventListener('abort', onAbort)
    waiting.delete(one)
  }
  const one: Waiting = {
    ...wanted,
    settle: (reached) => {
      end()
      resolve(reached)
    },
    fail: (error) => {
      end()
      reject(error instanceof Error ? error : new Error('waiting ended', { cause: error }))
    },
  }
  signal.addEventListener('abort', onAbort, { once: true })
  waiting.add(one)
  return promise
}

/** One look at a time; a call during one makes another look follow it. */
function createLook(waiting: ReadonlySet<Waiting>, readPositions: ReadPositions): () => Promise<void> {
  let looking = false
  let lookAgain = false
  return async () => {
    lookAgain = looking
    if (looking) return
    looking = true
    try {
      do {
        lookAgain = false
        if (waiting.size > 0) await settleReached(waiting, readPositions)
      } while (lookAgain)
    } catch (error) {
      for (const one of waiting) one.fail(error)
    } finally {
      looking = false
    }
  }
}

async function settleReached(waiting: ReadonlySet<Waiting>, readPositions: ReadPositions): Promise<void> {
  // Who joins during the read is not in its answer, and asks for another look by joining.
  const asked = [...waiting]
  const positions = await readPositions([...new Set(asked.map((one) => one.userId))])
  for (const one of asked) {
    if (waiting.has(one) && (positions.get(one.userId) ?? 0) >= one.minimum) one.settle(true)
  }
}
