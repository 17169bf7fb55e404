import { errorClass } from '@synap/core'
import { awaitAtCommit, type Client, transaction } from '@synap/postgres'
import type { Admitted } from './admit.ts'
import { usersOf } from './decide.ts'
import { holdUsers } from './hold-users.ts'
import { neverAssigned } from './never-assigned.ts'
import { eventIdOf } from './resume.ts'
import { type Gap, type Held, type Settled, settle } from './settle.ts'
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

/** More of them are worth plans of their own. */
const fewItems = 100

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
        if (from === null)
          return settle(client, options, items, await hold(client, options, items, isolate), isolate)
        // In one message: whoever is not the owner any more waits at the first of them, and then finds itself behind.
        const [position, held] = await Promise.all([
          lockPosition(client, schema, from.topic, from.partition),
          hold(client, options, items, isolate),
        ])
        if (position === undefined) throw neverAssigned(from.topic, from.partition)
        const fresh = items.filter((item) => offsetOf(item) >= BigInt(position.next_offset))
        const last = fresh.at(-1)
        if (last === undefined) return { outcome: 'behind' }
        const result = await settle(client, options, fresh, held, isolate)
        if (result.outcome === 'gap') return result
        const nextOffset = offsetOf(last) + 1n
        const eventId = last.kind === 'absent' ? null : eventIdOf(last.source)
        awaitAtCommit(client, updatePosition(client, schema, { ...from, nextOffset, eventId }))
        return result
      },
      {
        retries: 3,
        genericPlans: options.genericPlans === true && items.length <= fewItems,
        ...(signal === undefined ? {} : { signal }),
      },
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

/** Holds the users of a batch; what its events need to be applied is asked for in the same message. */
async function hold<E>(
  client: Client,
  options: Pick<InboxOptions<E>, 'schema' | 'prepare'>,
  items: readonly Admitted<E>[],
  isolate: boolean,
): Promise<Held<E>> {
  const holding = holdUsers(client, options.schema, usersOf(items))
  // One by one each has to see what the one before it did.
  if (isolate || options.prepare === undefined) return { users: await holding }
  const events = items.flatMap((item) =>
    item.kind === 'placed' && item.event !== undefined ? [item.event] : [],
  )
  if (events.length === 0) return { users: await holding }
  const [users, applyAhead] = await Promise.all([holding, options.prepare(client, events)])
  return { users, applyAhead: users.wereThere ? applyAhead : undefined }
}

/** The place in its topic of an item that has one. */
export function offsetOf<E>(item: Admitted<E>): bigint {
  const record = item.kind === 'absent' ? null : item.source.record
  if (record === null) throw new TypeError('an item without a record in a batch of a topic')
  return record.offset
}
