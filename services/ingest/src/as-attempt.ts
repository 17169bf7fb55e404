import { isOutcomeUnknown } from './append-knowing.ts'
import type { Caller, RequestKey } from './caller.ts'
import type { WriteDependencies } from './decide-and-append.ts'
import { abandonPut, type BeginPutOutcome } from './sql/begin-put.ts'

export type Begun = Extract<BeginPutOutcome, { outcome: 'begun' }>

/** Gives the request's row back when the attempt had no effect, so that a retry goes on at once. */
export async function asAttempt<Outcome extends { outcome: string }>(
  { pool, logger }: WriteDependencies,
  { caller, request, begun }: { caller: Caller; request: RequestKey | null; begun: Pick<Begun, 'attempt'> },
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  const giveBack = async () => {
    if (request === null || begun.attempt === null) return
    await abandonPut(pool, caller.userId, request.key, begun.attempt).catch((error: unknown) => {
      logger.warn({ error }, 'a failed attempt could not be given back and ends with its lease')
    })
  }
  try {
    const outcome = await work()
    if (outcome.outcome !== 'done') await giveBack()
    return outcome
  } catch (error) {
    // After an append of unknown outcome the row may get its result at any moment: its lease protects it.
    if (!isOutcomeUnknown(error)) await giveBack()
    throw error
  }
}
