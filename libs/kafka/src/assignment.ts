import { SynapError } from '@synap/core'
import type { PartitionHealth } from '@synap/messaging'

/** A partition that this member holds, from one assignment to the next. */
export interface AssignedPartition extends PartitionHealth {
  /** Aborts when the partition is taken away, given out anew, or the consumer ends. */
  readonly signal: AbortSignal
  /** The running handler's end, in success or failure; never rejects. */
  handling: Promise<void> | undefined
}

/** The partitions of the current assignment. Nothing of an older one is ever acted upon: its signals are aborted. */
export interface Assignment {
  /** Takes everything away, then hands out these. */
  replace(partitions: readonly { topic: string; partition: number }[]): AssignedPartition[]
  /** Aborts all running work; the partitions stay until the next `replace`. */
  revoke(): void
  get(topic: string, partition: number): AssignedPartition | undefined
  all(): readonly AssignedPartition[]
}

export function createAssignment(): Assignment {
  let partitions = new Map<string, AssignedPartition>()
  let controller = new AbortController()
  const keyOf = (topic: string, partition: number) => `${topic}/${partition}`

  const revoke = () =>
    controller.abort(
      new SynapError('the partition has been taken away', { code: 'partition.lost', class: 'dependency' }),
    )

  return {
    replace(wanted) {
      revoke()
      controller = new AbortController()
      const before = partitions
      partitions = new Map(
        wanted.map(({ topic, partition }) => {
          const key = keyOf(topic, partition)
          const old = before.get(key)
          return [key, assigned(topic, partition, controller.signal, old?.handling)]
        }),
      )
      return [...partitions.values()]
    },
    revoke,
    get: (topic, partition) => partitions.get(keyOf(topic, partition)),
    all: () => [...partitions.values()],
  }
}

function assigned(
  topic: string,
  partition: number,
  signal: AbortSignal,
  handling: Promise<void> | undefined,
): AssignedPartition {
  const unknown = { position: null, highWatermark: 0n, attempts: 0, error: null } as const
  return { topic, partition, state: 'starting', ...unknown, signal, handling }
}
