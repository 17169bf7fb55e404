import { errorClass } from '@synap/core'
import { awaitAtCommit, type Client, transaction } from '@synap/postgres'
import type { Admitted } from './admit.ts'
import { usersOf } from './decide.ts'
import { holdUsers } from './hold-users.ts'
import { neverAssigned } from './never-assigned.ts'
import { type Part, type Presumed, presume, settlePresumed } from './presume.ts'
import { eventIdOf } from './resume.ts'
import { type Gap, type Held, type Settled, settle } from './settle.ts'
import { withBatchSpan } from './spans.ts'
import { lockPositions, updatePositions } from './sql/positions.ts'
import type { InboxOptions } from './types.ts'

/** Nothing to do: another consumer has been here. */
export interface Behind {
  outcome: 'behind'
}

type Outcome<E> = Settled<E> | Gap<E> | Behind

/** Settles items in one transaction. */
export interface Commit<E> {
  /** Of no topic. */
  fetched(items: readonly Admitted<E>[], signal: AbortSignal | undefined): Promise<Outcome<E>>
  /**
   * Of different partitions of one topic, whose positions it moves. What the store refuses as data is found among those of one
   * partition, and parked; among those of several it is thrown, so that it is looked for in each.
   */
  parts(topic: string, parts: readonly Part<E>[], signal: AbortSignal | undefined): Promise<Outcome<E>>
}

/** More of them are worth plans of their own. */
const fewItems = 100

export function createCommit<E>(options: InboxOptions<E>): Commit<E> {
  const { pool, role, schema } = options

  const run = (
    items: readonly Admitted<E>[],
    { signal, mayIsolate }: { signal: AbortSignal | undefined; mayIsolate: boolean },
    work: (client: Client, isolate: boolean) => Promise<Outcome<E>>,
  ) => {
    const once = (isolate: boolean) =>
      transaction(pool, { role }, (client) => work(client, isolate), {
        retries: 3,
        genericPlans: options.genericPlans === true && items.length <= fewItems,
        ...(signal === undefined ? {} : { signal }),
      })
    return withBatchSpan(`apply ${schema}`, spansOf(items), async () => {
      try {
        return await once(false)
      } catch (error) {
        // One of them is not for this store: find it, and keep it from the others.
        if (!mayIsolate || errorClass(error) !== 'data') throw error
        return await once(true)
      }
    })
  }

  const doubted = createDoubts()

  return {
    fetched: (items, signal) =>
      run(items, { signal, mayIsolate: true }, async (client, isolate) =>
        settle(client, options, items, await hold(client, options, items, isolate), isolate),
      ),
    async parts(topic, parts, signal) {
      const items = itemsOf(parts)
      const presumed = items.length > fewItems ? undefined : presume(options, topic, parts)
      if (presumed !== undefined && doubted.allow(presumed.moves.users)) {
        const outcome = await tryPresumed(options, presumed, { items, signal, doubted })
        if (outcome !== undefined) return outcome
      }
      return run(items, { signal, mayIsolate: parts.length === 1 }, (client, isolate) =>
        settleParts(client, options, { topic, parts }, isolate),
      )
    },
  }
}

/** Undefined when it is not as it was presumed: then nothing is done. */
async function tryPresumed<E>(
  options: InboxOptions<E>,
  presumed: Presumed<E>,
  {
    items,
    signal,
    doubted,
  }: { items: readonly Admitted<E>[]; signal: AbortSignal | undefined; doubted: Doubts },
): Promise<Outcome<E> | undefined> {
  const { pool, role, schema, genericPlans = false } = options
  try {
    return await withBatchSpan(`apply ${schema}`, spansOf(items), () =>
      transaction(pool, { role }, (client) => settlePresumed(client, options, presumed), {
        retries: 3,
        genericPlans,
        asksAtOnce: true,
        ...(signal === undefined ? {} : { signal }),
      }),
    )
  } catch (error) {
    if (errorClass(error) !== 'data') throw error
    doubted.note(presumed.moves.users)
    return undefined
  }
}

const spansOf = <E>(items: readonly Admitted<E>[]) =>
  items.flatMap((item) => (item.kind === 'absent' ? [] : [item.span]))

/** Of users who are remembered; more of them are forgotten. */
const mostDoubted = 1_000

type Doubts = ReturnType<typeof createDoubts>

/** Whoever was not as presumed is not presumed the next time: what is the matter with him may take a while. */
function createDoubts() {
  const users = new Set<string>()
  return {
    note(some: readonly { userId: string }[]): void {
      if (users.size > mostDoubted) users.clear()
      for (const { userId } of some) users.add(userId)
    },
    /** Holds once. */
    allow(some: readonly { userId: string }[]): boolean {
      return some.filter(({ userId }) => users.delete(userId)).length === 0
    },
  }
}

async function settleParts<E>(
  client: Client,
  options: InboxOptions<E>,
  { topic, parts }: { topic: string; parts: readonly Part<E>[] },
  isolate: boolean,
): Promise<Outcome<E>> {
  const { schema } = options
  const partitions = parts.map(({ partition }) => partition)
  // In one message: whoever is not the owner any more waits at the first of them, and then finds itself behind.
  const [positions, held] = await Promise.all([
    lockPositions(client, schema, topic, partitions),
    hold(client, options, itemsOf(parts), isolate),
  ])
  const fresh = parts.flatMap(({ partition, items }) => {
    const position = positions.get(partition)
    if (position === undefined) throw neverAssigned(topic, partition)
    const left = items.filter((item) => offsetOf(item) >= BigInt(position.next_offset))
    return left.length === 0 ? [] : [{ partition, items: left }]
  })
  if (fresh.length === 0) return { outcome: 'behind' }
  const result = await settle(client, options, itemsOf(fresh), held, isolate)
  if (result.outcome === 'gap') return result
  awaitAtCommit(client, updatePositions(client, schema, topic, fresh.map(movedBy)))
  return result
}

const itemsOf = <E>(parts: readonly Part<E>[]) => parts.flatMap(({ items }) => items)

/** Where a partition stands once these are settled. Never of none. */
function movedBy<E>({ partition, items }: Part<E>) {
  const last = items.at(-1)
  if (last === undefined) throw new TypeError('nothing of a partition moves no position')
  const eventId = last.kind === 'absent' ? null : eventIdOf(last.source)
  return { partition, nextOffset: offsetOf(last) + 1n, eventId }
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
