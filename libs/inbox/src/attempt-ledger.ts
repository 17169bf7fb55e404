import type { InboundMessage } from '@synap/messaging'
import { transaction } from '@synap/postgres'
import { neverAssigned } from './never-assigned.ts'
import { type AttemptStore, clearAttempt, countAttempts, lockPosition } from './sql/positions.ts'

/** Messages of one partition, in their order. */
export type Slice = readonly InboundMessage[]

export type AttemptLedger = ReturnType<typeof createAttemptLedger>

/** Which starts are counted, and what this process knows of them by itself. */
export function createAttemptLedger(store: AttemptStore) {
  const { schema, role, pool } = store
  /** Per partition: the offset up to which this process has decoded and lived (exclusive). */
  const lived = new Map<string, bigint>()
  /** Partitions whose position this process has moved since they were assigned; nobody else has begun what follows. */
  const moved = new Set<string>()
  const keyOf = ({ topic, partition }: Pick<InboundMessage, 'topic' | 'partition'>) => `${topic}/${partition}`
  const hasLived = (message: InboundMessage) => message.offset < (lived.get(keyOf(message)) ?? 0n)

  return {
    /**
     * Which start this is of each slice; none for one that is behind the position, so that nobody decodes it any more. `sent`
     * resolves as soon as the starts count even if this process dies; both reject when they cannot be counted. `goesAhead`: see
     * `SingleOptions`.
     */
    count(
      slices: readonly Slice[],
      { goesAhead }: { goesAhead: boolean },
    ): { sent: Promise<unknown>; counted: Promise<Map<Slice, number>> } {
      const firsts = new Map(slices.flatMap((slice) => (slice[0] === undefined ? [] : [[slice, slice[0]]])))
      const unknown = new Set([...firsts.values()].filter((first) => !hasLived(first)))
      const { promise, resolve } = Promise.withResolvers<void>()
      const ask = async () =>
        unknown.size === 0 ? undefined : countAttempts(store, [...unknown], { onSent: resolve, goesAhead })
      const counted = ask().then((starts) => {
        const startsOf = (first: InboundMessage) =>
          unknown.has(first) ? (starts?.get(first.partition) ?? 0) : 1
        return new Map([...firsts].map(([slice, first]) => [slice, startsOf(first)]))
      })
      const sent = Promise.race([promise, counted])
      // One is not awaited, the other not yet.
      for (const waiting of [sent, counted]) waiting.catch(() => undefined)
      return { sent, counted }
    },
    hasMoved: (message: Pick<InboundMessage, 'topic' | 'partition'>) => moved.has(keyOf(message)),
    /** Holds once for each time the position was moved here. */
    takeMoved: (message: InboundMessage) => void moved.delete(keyOf(message)),
    noteMoved: (message: InboundMessage) => void moved.add(keyOf(message)),
    forgetMoved: (topic: string, partition: number) => void moved.delete(keyOf({ topic, partition })),
    async forget([first]: Slice): Promise<void> {
      if (first !== undefined) await clearAttempt(store, first)
    },
    prove(slices: readonly Slice[]): void {
      for (const slice of slices) {
        const last = slice.at(-1)
        if (last !== undefined) lived.set(keyOf(last), last.offset + 1n)
      }
    },
    async withoutHandled(messages: Slice, { topic, partition }: InboundMessage): Promise<Slice> {
      const position = await transaction(pool, { role }, (client) =>
        lockPosition(client, schema, topic, partition),
      )
      if (position === undefined) throw neverAssigned(topic, partition)
      return messages.filter((message) => message.offset >= BigInt(position.next_offset))
    },
  }
}
