import type { AttemptGuard, ProcessHow } from './attempts.ts'
import type { Delivery } from './deliver.ts'

/** Records of one transaction at most that several partitions share. */
const togetherRecords = 500

export interface TogetherParts {
  attempts: Pick<AttemptGuard, 'runTogether'>
  /** Answers false when they have to be handled by themselves. */
  deliverTogether(deliveries: readonly Delivery[], how: ProcessHow): Promise<boolean>
  /** Handles what a partition was given by itself. */
  deliverAlone(delivery: Delivery): Promise<void>
}

interface Waiting extends Delivery {
  done: PromiseWithResolvers<void>
}

/**
 * Handles what comes of several partitions at the same time in one transaction: what comes in one turn of the event loop, and
 * what comes while others are being handled. Each partition has one delivery under way.
 */
export function createTogether(parts: TogetherParts): (delivery: Delivery) => Promise<void> {
  let waiting: Waiting[] = []
  let isBusy = false

  const handle = async (group: readonly Waiting[]) => {
    const slices = new Map(group.map((one) => [one.messages, one]))
    const deliver = async (how: ProcessHow) =>
      (await parts.deliverTogether(group, how)) ? [] : [...slices.keys()]
    try {
      const left = await parts.attempts.runTogether([...slices.keys()], (_, how) => deliver(how))
      for (const one of group) {
        if (left.includes(one.messages)) parts.deliverAlone(one).then(one.done.resolve, one.done.reject)
        else one.done.resolve()
      }
    } catch (error) {
      for (const one of group) one.done.reject(error)
    }
  }

  const handleAll = async () => {
    while (waiting.length > 0) {
      const group = firstOf(waiting)
      waiting = waiting.slice(group.length)
      await handle(group)
    }
    isBusy = false
  }

  return (delivery) => {
    const done = Promise.withResolvers<void>()
    waiting.push({ ...delivery, done })
    // Behind all that this turn brings: one fetch brings records of several partitions.
    if (!isBusy) setImmediate(() => void handleAll())
    isBusy = true
    return done.promise
  }
}

/** As many as one transaction takes, of one topic; one at least. */
function firstOf(waiting: readonly Waiting[]): readonly Waiting[] {
  let records = 0
  const topic = waiting[0]?.messages[0]?.topic
  const end = waiting.findIndex(({ messages }, index) => {
    records += messages.length
    return index > 0 && (records > togetherRecords || messages[0]?.topic !== topic)
  })
  return end < 0 ? waiting : waiting.slice(0, end)
}
