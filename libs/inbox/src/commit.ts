import { errorClass } from '@synap/core'
import { transaction } from '@synap/postgres'
import type { Admitted } from './admit.ts'
import { neverAssigned } from './never-assigned.ts'
import { eventIdOf } from './resume.ts'
import { type Gap, type Settled, settle } from './settle.ts'
import { withBatchSpan } from './spans.ts'
import { lockPosition, updatePosition } from './sql/positions.ts'
import type { InboxOptions } from './types.ts'

/** Nothing to do: another consumer has been here. */
export interface Behind {
  outcome: 'behind'
}

/** Settles items in one transaction; items that come off a topic move its position in it. */
export type Commit<E> = (
  items: readonly Admitted<E>[],
  from: { topic: string; partition: number } | null,
  signal: AbortSignal | undefined,
) => Promise<Settled<E> | Gap<E> | Behind>

export function createCommit<E>(options: InboxOptions<E>): Commit<E> {
  const { pool, role, schema } = options

  const once = (
    items: readonly Admitted<E>[],
    from: { topic: string; partition: number } | null,
    isolate: boolean,
    signal: AbortSignal | undefined,
  ) =>
    transaction(
      pool,
      { role },
      async (client): Promise<Settled<E> | Gap<E> | Behind> => {
        if (from === null) return settle(client, options, items, isolate)
        const position = await lockPosition(client, schema, from.topic, from.partition)
        if (position === undefined) throw neverAssigned(from.topic, from.partition)
        const fresh = items.filter((item) => offsetOf(item) >= BigInt(position.next_offset))
        const last = fresh.at(-1)
        if (last === undefined) return { outcome: 'behind' }
        const result = await settle(client, options, fresh, isolate)
        if (result.outcome === 'gap') return result
        await updatePosition(client, schema, {
          ...from,
          nextOffset: offsetOf(last) + 1n,
          eventId: last.kind === 'absent' ? null : eventIdOf(last.source),
        })
        return result
      },
      { retries: 3, ...(signal === undefined ? {} : { signal }) },
    )

  return (items, from, signal) => {
    const spans = items.flatMap((item) => (item.kind === 'absent' ? [] : [item.span]))
    return withBatchSpan(`apply ${schema}`, spans, async () => {
      try {
        return await once(items, from, false, signal)
      } catch (error) {
        // One of them is not for this store: find it, and keep it from the others.
        if (errorClass(error) !== 'data') throw error
        return await once(items, from, true, signal)
      }
    })
  }
}

/** The place in its topic of an item that has one. */
export function offsetOf<E>(item: Admitted<E>): bigint {
  const record = item.kind === 'absent' ? null : item.source.record
  if (record === null) throw new TypeError('an item without a record in a batch of a topic')
  return record.offset
}
