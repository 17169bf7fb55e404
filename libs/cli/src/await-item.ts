import type { QueryClient } from '@synap/client'
import type { Stage, StatusResponse } from '@synap/contracts'
import { type EntityId, errorClass, wait } from '@synap/core'

export interface AwaitedItem {
  /** The newest status that was read; undefined when none could be. */
  status: StatusResponse | undefined
  /** Why the last look failed. */
  problem: unknown
}

export interface AwaitOptions {
  deadlineMs: number
  signal: AbortSignal
}

const stepMs = 60
const longestWaitMs = 600

/**
 * Looks at an item's status, less and less often, until it is enriched and searchable, until nothing more will come of
 * itself, or until the deadline. Never rejects: the item is kept whatever happens here.
 */
export async function awaitItem(
  client: Pick<QueryClient, 'status'>,
  id: EntityId,
  { deadlineMs, signal }: AwaitOptions,
): Promise<AwaitedItem> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)])
  const found: AwaitedItem = { status: undefined, problem: undefined }
  try {
    for (let look = 1; ; look++) {
      const { status, problem } = await lookAt(client, id, until)
      if (until.aborted) return found
      found.problem = problem
      if (status !== undefined) found.status = status
      // Not even asking again helps, such as with a key that may not read.
      if (problem !== undefined && errorClass(problem) !== 'dependency') return found
      if (status !== undefined && isSettled(status)) return found
      await wait(Math.min(look * stepMs, longestWaitMs), until)
    }
  } catch {
    return found
  }
}

async function lookAt(
  client: Pick<QueryClient, 'status'>,
  id: EntityId,
  signal: AbortSignal,
): Promise<AwaitedItem> {
  try {
    return { status: await client.status(id, { signal }), problem: undefined }
  } catch (problem) {
    return { status: undefined, problem }
  }
}

const isSettled = (status: StatusResponse): boolean => status.complete || stuckAt(status) !== undefined

/** The stage that an item will not leave by itself, or not soon. */
const stuckAt = ({ stages }: StatusResponse): Stage | undefined =>
  stages.find(({ state }) => state === 'failed' || state === 'parked' || state === 'deferred')

/** The first stage that is not over; undefined when all are. */
export const standsAt = (status: StatusResponse): Stage | undefined =>
  stuckAt(status) ?? status.stages.find(({ state }) => state !== 'done' && state !== 'skipped')

/** The read model has it, so that it can be shown. */
export const isProjected = ({ stages }: StatusResponse): boolean =>
  stages.some(({ stage, state }) => stage === 'projected' && state === 'done')
