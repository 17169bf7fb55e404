import { messageHeaders } from '@synap/contracts'
import { describeError, isUuid, SynapError } from '@synap/core'
import type { InboundMessage, Logger, StartPoint } from '@synap/messaging'
import { type Pool, transaction } from '@synap/postgres'
import type { Meters } from './meters.ts'
import { insertPosition, lockPosition, updatePosition } from './sql/positions.ts'

export interface ResumeOptions {
  schema: string
  role: string
  pool: Pool
  logger: Logger
  meters: Meters
}

type ReadAt = (topic: string, partition: number, offset: bigint) => Promise<InboundMessage | undefined>

/** The event id of a record as positions keep it: null for a record that names none. */
export function eventIdOf(message: Pick<InboundMessage, 'headers'>): string | null {
  const id = message.headers[messageHeaders.id] ?? ''
  return isUuid(id) ? id : null
}

/**
 * Where to go on with a topic whose records are not compacted. A position outside of what the server holds, or one that
 * follows another record than the one handled last, is a topic that was made anew, cut off or restored: going on would
 * skip or repeat in silence, so it rejects with class `configuration` and a person decides.
 */
export async function resumeStrictly(
  options: ResumeOptions,
  readAt: ReadAt,
  topic: string,
  partition: number,
  at: StartPoint,
): Promise<bigint> {
  const found = await findOrStart(options, topic, partition, at)
  const next = found.next
  const halt = (code: string, why: string) => haltAt(options, code, why, { topic, partition, next, at })
  if (next > at.high) throw halt('position.beyond_end', 'the position is beyond the end of the topic')
  if (next < at.low) throw halt('position.expired', 'records after the position are no longer in the topic')
  if (next === at.low) return next
  const last = await readAt(topic, partition, next - 1n)
  const lastId = last === undefined ? undefined : eventIdOf(last)
  if (lastId !== found.eventId)
    throw halt('position.other_record', 'the record before the position is not the one handled last')
  return next
}

/**
 * Where to go on with a compacted topic, of which any record may have gone: outside of what the server holds it is read
 * again from the start, which changes nothing in a store that keeps the newest record per key.
 */
export async function resumeOrReread(
  options: ResumeOptions,
  topic: string,
  partition: number,
  at: StartPoint,
): Promise<bigint> {
  const { next } = await findOrStart(options, topic, partition, at)
  if (next >= at.low && next <= at.high) return next
  options.logger.warn(
    { topic, partition, position: Number(next), low: Number(at.low), high: Number(at.high) },
    'position outside of the topic; reading it again from the start',
  )
  await transaction(options.pool, { role: options.role }, async (client) => {
    await lockPosition(client, options.schema, topic, partition)
    await updatePosition(client, options.schema, { topic, partition, nextOffset: at.low, eventId: null })
  })
  return at.low
}

async function findOrStart(
  { pool, role, schema }: ResumeOptions,
  topic: string,
  partition: number,
  at: StartPoint,
): Promise<{ next: bigint; eventId: string | null }> {
  return transaction(pool, { role }, async (client) => {
    const found = await lockPosition(client, schema, topic, partition)
    if (found !== undefined) return { next: BigInt(found.next_offset), eventId: found.event_id }
    await insertPosition(client, schema, topic, partition, at.low)
    const row = await lockPosition(client, schema, topic, partition)
    return { next: BigInt(row?.next_offset ?? Number(at.low)), eventId: row?.event_id ?? null }
  })
}

function haltAt(
  { logger, meters }: ResumeOptions,
  code: string,
  why: string,
  { topic, partition, next, at }: { topic: string; partition: number; next: bigint; at: StartPoint },
): SynapError {
  const fields = {
    topic,
    partition,
    position: Number(next),
    low: Number(at.low),
    high: Number(at.high),
  }
  const error = new SynapError(why, { code, class: 'configuration', fields })
  meters.alarm(code)
  logger.error({ ...fields, code, error: describeError(error) }, 'position refused, halting')
  return error
}
