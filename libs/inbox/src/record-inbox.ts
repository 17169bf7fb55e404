import { errorClass } from '@synap/core'
import type {
  Batch,
  BatchContext,
  ConsumerOptions,
  InboundMessage,
  Logger,
  StartPoint,
} from '@synap/messaging'
import { awaitAtCommit, type Client, type Pool, transaction } from '@synap/postgres'
import { createAttemptGuard, type ProcessHow } from './attempts.ts'
import { createMeters } from './meters.ts'
import { neverAssigned } from './never-assigned.ts'
import { createReport } from './report.ts'
import { eventIdOf, resumeOrReread } from './resume.ts'
import { sourceOf } from './retry.ts'
import { describeRefusal, notify, tryApply } from './settle.ts'
import { slicesOf } from './slices.ts'
import { type MessageSpan, startMessageSpan, withBatchSpan } from './spans.ts'
import { insertParked, noteStarted } from './sql/parked.ts'
import { lockPosition, updatePosition } from './sql/positions.ts'
import { type CandidateRow, findMarkedRecords, lockMarkedRecord, settleParked } from './sql/retry.ts'
import type { Inbox, ParkReason } from './types.ts'

/** One record of a topic without sequences, and the context to continue its trace. */
export interface TracedRecord<R> {
  record: R
  traceparent: string | null
  tracestate: string | null
}

export interface RecordInboxOptions<R> {
  schema: string
  role: string
  consumer: string
  pool: Pool
  logger: Logger
  /**
   * Reads key, value (null is a tombstone) and headers. A refusal is parked without a slot. Rejects with class
   * `configuration` or `dependency` when the record is not to blame.
   */
  decode(
    message: Pick<InboundMessage, 'key' | 'value' | 'headers'>,
    signal: AbortSignal | undefined,
  ): Promise<{ ok: true; record: R } | { ok: false; detail: string }>
  /** Writes the effect of the records, in this order, in the transaction of the position. Never empty. */
  apply(client: Client, records: readonly TracedRecord<R>[]): Promise<void>
  /** Channel for one payload-free NOTIFY per batch. */
  channel?: string
  /** As in `InboxOptions`. */
  haltShare?: number
}

interface Item<R> {
  message: InboundMessage
  span: MessageSpan
  result: { ok: true; record: R } | { ok: false; reason: ParkReason; detail: string }
}

/** How much of a topic's parked records is tried per pass. */
const retryPage = 500

/**
 * A consumer of a compacted topic, whose records need no order but that of their partition: positions with their fence,
 * parking and the guard against deadly records as in `createInbox`; no sequences and no repair. Where an events inbox
 * would halt, the topic is read again from the start.
 */
export function createRecordInbox<R>(options: RecordInboxOptions<R>): Pick<Inbox, 'resumeAt' | 'handle'> & {
  retryParked(topic: string, signal?: AbortSignal): Promise<number>
} {
  const { schema, role, pool, logger } = options
  const meters = createMeters(options.consumer)
  const report = createReport({ logger, meters, haltShare: options.haltShare ?? 0.05 })
  const attempts = createAttemptGuard({ schema, role, pool })

  const process = async (messages: readonly InboundMessage[], how: ProcessHow, context: BatchContext) => {
    const items: Item<R>[] = []
    try {
      for (const message of messages) items.push(await read(options, message, how.undecoded, context.signal))
      await how.onDecoded()
      const settled = await commitRecords(options, items, context.signal)
      const parked = settled.parked.map((reason) => ({ reason, userId: null, sequence: null }))
      const [first] = messages
      const counts = { applied: settled.applied, skipped: 0, duplicates: 0, parked }
      report.settled(counts, { topic: first?.topic, partition: first?.partition })
      report.haltIfTooMany(messages.length, parked)
    } finally {
      for (const { span } of items) span.span.end()
    }
  }

  return {
    resumeAt(topic: string, partition: number, at: StartPoint) {
      attempts.assigned(topic, partition)
      return resumeOrReread({ schema, role, pool, logger, meters }, topic, partition, at)
    },
    handle: (async (batch: Batch, context: BatchContext) => {
      for (const slice of slicesOf(batch.messages)) {
        await attempts.run(slice, (messages, how) => process(messages, how, context))
        const done = (slice.at(-1)?.offset ?? batch.highWatermark - 1n) + 1n
        meters.lag(batch.topic, batch.partition, Number(batch.highWatermark - done))
        await context.heartbeat()
      }
    }) satisfies ConsumerOptions['handle'],
    async retryParked(topic, signal) {
      const rows = await transaction(pool, { role }, (client) =>
        findMarkedRecords(client, schema, topic, retryPage),
      )
      let applied = 0
      for (const row of rows) if (await retryRecord(options, row, signal)) applied += 1
      meters.event('retried', applied)
      return applied
    },
  }
}

async function read<R>(
  options: RecordInboxOptions<R>,
  message: InboundMessage,
  undecoded: boolean,
  signal: AbortSignal,
): Promise<Item<R>> {
  const { topic, partition, offset, key, value, headers } = message
  const source = { key, value, headers, record: { topic, partition, offset } }
  const span = startMessageSpan(options.consumer, topic, source, headers)
  if (undecoded) {
    const detail = 'the process died while it decoded this record'
    return { message, span, result: { ok: false, reason: 'killer', detail } }
  }
  const decoded = await options.decode(message, signal)
  return { message, span, result: decoded.ok ? decoded : { ...decoded, reason: 'undecodable' } }
}

interface CommittedRecords {
  applied: number
  parked: ParkReason[]
}

async function commitRecords<R>(
  options: RecordInboxOptions<R>,
  items: readonly Item<R>[],
  signal: AbortSignal,
): Promise<CommittedRecords> {
  const run = (isolate: boolean) =>
    transaction(
      options.pool,
      { role: options.role },
      (client) => writeRecords(client, options, items, isolate),
      {
        retries: 3,
        signal,
      },
    )
  const spans = items.map((item) => item.span)
  return withBatchSpan(`apply ${options.schema}`, spans, async () => {
    try {
      return await run(false)
    } catch (error) {
      if (errorClass(error) !== 'data') throw error
      return await run(true)
    }
  })
}

async function writeRecords<R>(
  client: Client,
  options: RecordInboxOptions<R>,
  items: readonly Item<R>[],
  isolate: boolean,
): Promise<CommittedRecords> {
  const [first] = items
  if (first === undefined) return { applied: 0, parked: [] }
  const { topic, partition } = first.message
  const position = await lockPosition(client, options.schema, topic, partition)
  if (position === undefined) throw neverAssigned(topic, partition)
  const fresh = items.filter((item) => item.message.offset >= BigInt(position.next_offset))
  const last = fresh.at(-1)
  if (last === undefined) return { applied: 0, parked: [] }
  const good = fresh.flatMap((item) =>
    item.result.ok ? [{ item, record: traced(item, item.result.record) }] : [],
  )
  const bad = fresh.flatMap((item) => (item.result.ok ? [] : [{ item, ...item.result }]))
  if (!isolate && good.length > 0) {
    await options.apply(
      client,
      good.map(({ record }) => record),
    )
  }
  for (const { item, record } of isolate ? good : []) {
    const detail = await tryApply(client, () => options.apply(client, [record]))
    if (detail !== undefined) bad.push({ item, ok: false, reason: 'refused_by_store', detail })
  }
  const parked: ParkReason[] = []
  for (const { item, reason, detail } of bad) {
    const { key, value, headers, offset } = item.message
    const source = { key, value, headers, record: { topic, partition, offset } }
    const row = { source, placement: null, slot: false, reason, detail }
    if (await insertParked(client, options.schema, row)) parked.push(reason)
  }
  const nextOffset = last.message.offset + 1n
  const eventId = eventIdOf(last.message)
  awaitAtCommit(client, updatePosition(client, options.schema, { topic, partition, nextOffset, eventId }))
  awaitAtCommit(client, notify(client, options.channel))
  return { applied: fresh.length - bad.length, parked }
}

async function retryRecord<R>(
  options: RecordInboxOptions<R>,
  row: CandidateRow,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const source = sourceOf(row)
  // Deadly bytes get one try per mark: the note is committed before they are touched.
  if (row.reason === 'killer') {
    await transaction(options.pool, { role: options.role }, (client) =>
      noteStarted(client, options.schema, [row.id]),
    )
  }
  const decoded = await options.decode(source, signal).catch((error: unknown) => unreadable(error))
  return transaction(options.pool, { role: options.role }, async (client) => {
    // Another process may have applied it meanwhile, or an operator given it up.
    if (!(await lockMarkedRecord(client, options.schema, row))) return false
    const { traceparent = null, tracestate = null } = source.headers
    const detail = decoded.ok
      ? await tryApply(client, () =>
          options.apply(client, [{ record: decoded.record, traceparent, tracestate }]),
        )
      : decoded.detail
    const state = detail === undefined ? 'applied' : 'open'
    await settleParked(client, options.schema, {
      id: row.id,
      state,
      reason: null,
      detail: detail ?? null,
      tried: true,
    })
    if (detail === undefined) await notify(client, options.channel)
    return detail === undefined
  })
}

/** What cannot be read as this service is set up now is a try in vain; it must not hold up other records. */
function unreadable(error: unknown): { ok: false; detail: string } {
  if (errorClass(error) !== 'configuration') throw error
  return { ok: false, detail: describeRefusal(error) }
}

function traced<R>({ span }: Item<R>, record: R): TracedRecord<R> {
  return { record, traceparent: span.traceparent, tracestate: span.tracestate }
}
