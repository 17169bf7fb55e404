import type { InboundMessage } from '@synap/messaging'
import { type Pool, transaction } from '@synap/postgres'
import { neverAssigned } from './never-assigned.ts'
import { clearAttempt, countAttempt, lockPosition } from './sql/positions.ts'

/** The third start at one offset leaves its bytes undecoded. */
const lastStart = 3

export interface AttemptOptions {
  schema: string
  role: string
  pool: Pool
}

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
}

/**
 * A heap abort cannot be caught, so a start is counted in the database before decoding. Normally once per batch; after a
 * death the records are taken one by one, so that the guilty one is found and its neighbours are not blamed: each
 * start counts until its record is decoded. A failure that leaves the process alive does not count.
 */
export function createAttemptGuard(options: AttemptOptions): AttemptGuard {
  const ledger = createLedger(options)

  /** `exact` ends the attempt as soon as the bytes are decoded, not with the commit. */
  const attempt = async (
    messages: readonly InboundMessage[],
    process: Process,
    how: { undecoded: boolean; exact: boolean },
  ) => {
    const [first] = messages
    if (first === undefined) return
    const onDecoded = async () => {
      ledger.prove(messages)
      if (how.exact) await ledger.forget(first)
    }
    try {
      await process(messages, { undecoded: how.undecoded, onDecoded })
    } catch (error) {
      // Alive. With the database away this note is lost, but then this process remembers it.
      await ledger.forget(first).catch(() => ledger.prove([first]))
      throw error
    }
  }

  const run: AttemptGuard['run'] = async (messages, process) => {
    const [first, ...rest] = messages
    if (first === undefined) return
    const starts = await ledger.count(first)
    if (starts === 0) return run(await ledger.withoutHandled(messages, first), process)
    if (starts === 1) return attempt(messages, process, { undecoded: false, exact: false })
    await attempt([first], process, { undecoded: starts >= lastStart, exact: true })
    for (const message of rest) {
      const undecoded = (await ledger.count(message)) >= lastStart
      await attempt([message], process, { undecoded, exact: true })
    }
  }
  return { run }
}

function createLedger({ schema, role, pool }: AttemptOptions) {
  /** Per partition: the offset up to which this process has decoded and lived (exclusive). */
  const lived = new Map<string, bigint>()
  const keyOf = ({ topic, partition }: InboundMessage) => `${topic}/${partition}`

  return {
    /** Which start this is; 0 when the record is behind the position, so that nobody decodes it any more. */
    async count(message: InboundMessage): Promise<number> {
      const { topic, partition, offset } = message
      if (offset < (lived.get(keyOf(message)) ?? 0n)) return 1
      const attempts = await transaction(pool, { role }, (client) =>
        countAttempt(client, schema, topic, partition, offset),
      )
      return attempts ?? 0
    },
    forget({ topic, partition, offset }: InboundMessage): Promise<void> {
      return transaction(pool, { role }, (client) => clearAttempt(client, schema, topic, partition, offset))
    },
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
