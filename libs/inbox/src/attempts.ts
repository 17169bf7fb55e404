import type { InboundMessage } from '@synap/messaging'
import { transaction } from '@synap/postgres'
import { neverAssigned } from './never-assigned.ts'
import { type AttemptStore, clearAttempt, countAttempt, lockPosition } from './sql/positions.ts'

/** The third start at one offset leaves its bytes undecoded. */
const lastStart = 3

export interface ProcessHow {
  /** Do not touch the bytes: they have killed the process before. Then there is one message only. */
  undecoded: boolean
  /** Has to be called when all bytes are decoded and the process still lives. */
  onDecoded(): Promise<void>
}

/** Decodes and applies messages of one partition, with their position; drops those behind it. */
export type Process = (messages: readonly InboundMessage[], how: ProcessHow) => Promise<void>

/** Runs batches so that a record which kills the process cannot kill it for ever. */
export interface AttemptGuard {
  run(messages: readonly InboundMessage[], process: Process): Promise<void>
  /** A partition came (back) to this process: others may have begun its records meanwhile. */
  assigned(topic: string, partition: number): void
}

interface Attempt {
  undecoded: boolean
  /** End the attempt as soon as the bytes are decoded, not with the commit. */
  exact: boolean
  /** Settles when the count is answered; when it could not be made, the messages are not taken for handled. */
  counted?: Promise<unknown>
}

/**
 * A heap abort cannot be caught, so a start is counted in the database before decoding. Normally once per batch; after a
 * death the records are taken one by one, so that the guilty one is found and its neighbours are not blamed: each
 * start counts until its record is decoded. A failure that leaves the process alive does not count.
 *
 * A process that has moved the position itself knows that nobody has begun what follows: the count is then sent, and the
 * bytes are decoded and applied while it is answered. It must not be waited for before they are: both lock the position,
 * and the commit may have come first. Then the record is behind it, and nothing is counted.
 */
export function createAttemptGuard(store: AttemptStore): AttemptGuard {
  const ledger = createLedger(store)

  const attempt = async (
    messages: readonly InboundMessage[],
    process: Process,
    { undecoded, exact, counted }: Attempt,
  ) => {
    const [first] = messages
    if (first === undefined) return
    const onDecoded = async () => {
      ledger.prove(messages)
      if (exact) await ledger.forget(first)
    }
    try {
      await process(messages, { undecoded, onDecoded })
      await counted
      ledger.noteMoved(messages)
    } catch (error) {
      // Or it would be counted behind what takes it back.
      await counted?.catch(() => undefined)
      // Alive. With the database away this note is lost, but then this process remembers it.
      await ledger.forget(first).catch(() => ledger.prove([first]))
      throw error
    }
  }

  const run: AttemptGuard['run'] = async (messages, process) => {
    const [first, ...rest] = messages
    if (first === undefined) return
    const hasMoved = ledger.takeMoved(first)
    const { sent, counted } = ledger.count(first)
    if (hasMoved) {
      await sent
      return attempt(messages, process, { undecoded: false, exact: false, counted })
    }
    const starts = await counted
    if (starts === 0) return run(await ledger.withoutHandled(messages, first), process)
    if (starts === 1) return attempt(messages, process, { undecoded: false, exact: false })
    await attempt([first], process, { undecoded: starts >= lastStart, exact: true })
    for (const message of rest) {
      const undecoded = (await ledger.count(message).counted) >= lastStart
      await attempt([message], process, { undecoded, exact: true })
    }
  }
  return { run, assigned: ledger.forgetMoved }
}

function createLedger(store: AttemptStore) {
  const { schema, role, pool } = store
  /** Per partition: the offset up to which this process has decoded and lived (exclusive). */
  const lived = new Map<string, bigint>()
  /** Partitions whose position this process has moved since they were assigned; nobody else has begun what follows. */
  const moved = new Set<string>()
  const keyOf = ({ topic, partition }: Pick<InboundMessage, 'topic' | 'partition'>) => `${topic}/${partition}`

  /** Which start this is; 0 when the record is behind the position, so that nobody decodes it any more. */
  const countSent = async (message: InboundMessage, onSent: () => void) =>
    (await countAttempt(store, message, onSent)) ?? 0

  return {
    /** `sent` resolves as soon as the start counts even if this process dies; both reject when it cannot be counted. */
    count(message: InboundMessage): { sent: Promise<unknown>; counted: Promise<number> } {
      if (message.offset < (lived.get(keyOf(message)) ?? 0n)) {
        const counted = Promise.resolve(1)
        return { sent: counted, counted }
      }
      const { promise, resolve } = Promise.withResolvers<void>()
      const counted = countSent(message, resolve)
      const sent = Promise.race([promise, counted])
      // One is not awaited, the other not yet.
      for (const waiting of [sent, counted]) waiting.catch(() => undefined)
      return { sent, counted }
    },
    /** True once for each time the position was moved here. */
    takeMoved: (message: InboundMessage) => moved.delete(keyOf(message)),
    noteMoved([first]: readonly InboundMessage[]): void {
      if (first !== undefined) moved.add(keyOf(first))
    },
    forgetMoved: (topic: string, partition: number) => void moved.delete(keyOf({ topic, partition })),
    forget: (message: InboundMessage) => clearAttempt(store, message),
    prove(messages: readonly InboundMessage[]): void {
      const last = messages.at(-1)
      if (last !== undefined) lived.set(keyOf(last), last.offset + 1n)
    },
    async withoutHandled(messages: readonly InboundMessage[], { topic, partition }: InboundMessage) {
      const position = await transaction(pool, { role }, (client) =>
        lockPosition(client, schema, topic, partition),
      )
      if (position === undefined) throw neverAssigned(topic, partition)
      return messages.filter((message) => message.offset >= BigInt(position.next_offset))
    },
  }
}
