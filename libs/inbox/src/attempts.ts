import type { InboundMessage } from '@synap/messaging'
import { type Pool, transaction } from '@synap/postgres'
import { clearAttempt, countAttempt } from './sql/positions.ts'

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
export function createAttemptGuard({ schema, role, pool }: AttemptOptions): AttemptGuard {
  /** Per partition: the offset up to which this process has decoded and lived (exclusive). */
  const lived = new Map<string, bigint>()
  const keyOf = ({ topic, partition }: InboundMessage) => `${topic}/${partition}`
  const isProved = (message: InboundMessage) => message.offset < (lived.get(keyOf(message)) ?? 0n)

  const count = async (message: InboundMessage) => {
    const { topic, partition, offset } = message
    if (isProved(message)) return 1
    // Undefined: the record is behind the position, and the transaction that follows drops it.
    const attempts = await transaction(pool, { role }, (client) =>
      countAttempt(client, schema, topic, partition, offset),
    )
    return attempts ?? 1
  }
  const forget = ({ topic, partition, offset }: InboundMessage) =>
    transaction(pool, { role }, (client) => clearAttempt(client, schema, topic, partition, offset))

  const prove = (messages: readonly InboundMessage[]) => {
    const last = messages.at(-1)
    if (last !== undefined) lived.set(keyOf(last), last.offset + 1n)
  }

  /** Counts nothing itself. `exact` ends the attempt as soon as the bytes are decoded, not with the commit. */
  const attempt = async (
    messages: readonly InboundMessage[],
    process: Process,
    how: { undecoded: boolean; exact: boolean },
  ) => {
    const [first] = messages
    if (first === undefined) return
    const onDecoded = async () => {
      prove(messages)
      if (how.exact) await forget(first)
    }
    try {
      await process(messages, { undecoded: how.undecoded, onDecoded })
    } catch (error) {
      // Alive. With the database away this note is lost, but then this process remembers it.
      await forget(first).catch(() => prove([first]))
      throw error
    }
  }

  return {
    async run(messages, process) {
      const [first, ...rest] = messages
      if (first === undefined) return
      const starts = await count(first)
      if (starts === 1) return attempt(messages, process, { undecoded: false, exact: false })
      await attempt([first], process, { undecoded: starts >= lastStart, exact: true })
      for (const message of rest) {
        const undecoded = (await count(message)) >= lastStart
        await attempt([message], process, { undecoded, exact: true })
      }
    },
  }
}
