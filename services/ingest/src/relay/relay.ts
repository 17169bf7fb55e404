import { backoffMs, describeError, uuidv7, wait } from '@synap/core'
import type { Logger, Publisher } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import type { OutboxRow } from '../sql/outbox.ts'
import { type Bell, createBell } from './bell.ts'
import { type HeldLease, takeLease } from './lease.ts'
import type { Others } from './others.ts'
import { createPipeline, type Pipeline } from './pipeline.ts'
import type { PreparedMessage } from './publish-rows.ts'

export interface RelayOptions {
  pool: Pool
  publisher: Publisher
  topic: string
  logger: Logger
  /** Makes the record of a row and begins its span. Throws class data when that can never be done. */
  prepare: (row: OutboxRow) => PreparedMessage
  /** Loads what `prepare` needs and may have changed; at each look, before the batch, with its rows. */
  refresh: (rows: readonly OutboxRow[]) => Promise<void>
  /** Milliseconds of the lease. */
  leaseMs: number
  /** Milliseconds between looks at the outbox when nobody wakes it. */
  pollMs: number
  /** Rows and, roughly, bytes of one batch; one batch is in flight, and the next is made ready meanwhile. */
  batchRows: number
  batchBytes: number
  /** Milliseconds that the marks of what was published wait for others, so that one statement makes them. */
  markAfterMs: number
  onPublished: (rows: number) => void
  onQuarantined: () => void
  /** Who else commits and may relay; undefined when there is nobody, or no way to tell them. */
  others?: Others | undefined
}

export interface Relay {
  /** Something was committed: look now, or tell the process that relays. */
  wake: () => void
  /**
   * These rows were committed by this process: send them, or tell the process that relays. Only those of each user that follow
   * on what was sent go at once.
   */
  hand: (rows: readonly OutboxRow[]) => void
  /** True while this process relays. */
  isLeader: () => boolean
  /** Why the last round failed; null while it goes well. */
  trouble: () => string | null
  /** Finishes the batch in flight, for five seconds at most, and gives the lease back. */
  close(): Promise<void>
}

const graceMs = 5_000

/**
 * Publishes the outbox: at least once, in order per user, by whoever holds the lease.
 *
 * A row is marked only after the broker has acknowledged it, and only under the epoch it was sent in; in between a crash
 * or a stop leads to a second send of the same bytes: of what was acknowledged in the last `markAfterMs`, and of three batches
 * at most.
 *
 * What was handed over and not sent, for whatever reason, waits in the outbox all the same and is found there.
 */
export function startRelay(options: RelayOptions): Relay {
  const state: State = {
    stop: new AbortController(),
    cut: new AbortController(),
    bell: createBell(),
    pipeline: undefined,
    trouble: null,
  }
  const running = run(options, state)
  return {
    wake: () => {
      if (state.pipeline === undefined) return options.others?.tell()
      state.pipeline.look()
      state.bell.ring()
    },
    hand: (rows) => {
      if (state.pipeline === undefined) return options.others?.tell()
      state.pipeline.hand(rows)
      state.bell.ring()
    },
    isLeader: () => state.pipeline !== undefined,
    trouble: () => state.trouble,
    close: async () => {
      const reason = new Error('the relay is closing')
      state.stop.abort(reason)
      const grace = setTimeout(() => state.cut.abort(reason), graceMs)
      await running
      await options.others?.close()
      clearTimeout(grace)
    },
  }
}

interface State {
  /** Ends the loop between batches. */
  stop: AbortController
  /** Ends a batch in flight. */
  cut: AbortController
  bell: Bell
  /** While this process relays. */
  pipeline: Pipeline | undefined
  trouble: string | null
}

async function run(options: RelayOptions, state: State): Promise<void> {
  const { logger } = options
  const { signal } = state.stop
  const holder = uuidv7()
  let waiting: ReturnType<Others['hearOfLeaving']> | undefined
  let asides: Promise<unknown> | undefined
  // What may take seconds, as the end of a connection: nobody has to wait for it but who closes.
  const aside = (work: Promise<void> | undefined) => {
    asides = Promise.all([asides, work])
  }
  while (!signal.aborted) {
    state.bell.reset()
    const lease = await takeLease({ ...options, holder, ttlMs: options.leaseMs }).catch((error: unknown) => {
      state.trouble = describeError(error)
      logger.warn({ error }, 'the lease of the relay could not be asked for')
      return undefined
    })
    if (lease === undefined) {
      waiting ??= options.others?.hearOfLeaving(() => state.bell.ring())
      await state.bell.wait(options.leaseMs / 3, signal)
      continue
    }
    aside(waiting?.close())
    waiting = undefined
    const sending = AbortSignal.any([state.cut.signal, lease.signal])
    state.pipeline = createPipeline(options, lease, sending)
    logger.info({ epoch: lease.epoch }, 'this process relays')
    const hearing = hearOthers(options, state.pipeline, state.bell)
    await lead(options, state.pipeline, lease, state)
    state.pipeline = undefined
    // What was handed after the lease had run out, whoever has it now may have looked too early for.
    options.others?.tell()
    if (!signal.aborted) logger.warn({ epoch: lease.epoch }, 'this process relays no more')
    aside(hearing?.close())
    await lease.release()
    aside(options.others?.leave())
  }
  aside(waiting?.close())
  await asides
}

/** From its connection on, and after each new one, it has the outbox looked at: no word is missed between the two. */
function hearOthers({ others }: RelayOptions, pipeline: Pipeline, bell: Bell) {
  return others?.hear(() => {
    pipeline.look()
    bell.ring()
  })
}

async function lead(
  options: RelayOptions,
  pipeline: Pipeline,
  lease: HeldLease,
  state: State,
): Promise<void> {
  const idle = AbortSignal.any([state.stop.signal, lease.signal])
  for (let failures = 0; !idle.aborted; ) {
    try {
      state.bell.reset()
      const more = await pipeline.step()
      failures = 0
      state.trouble = null
      if (!more) await state.bell.wait(pipeline.untilLookMs(), idle)
    } catch (error) {
      await pipeline.settle()
      if (idle.aborted) return
      failures += 1
      state.trouble = describeError(error)
      options.logger.error({ error, failures }, 'the relay will try again')
      await wait(backoffMs(failures, { baseMs: 100, capMs: 10_000 }), idle).catch(() => undefined)
    }
  }
  await pipeline.settle()
}
