import type { ParkedEvent, ParkedGroup, ParkedStep } from '@synap/contracts'
import type { ParkedRow, StepRow } from '../sql/parked.ts'
import { explainGroup } from './explain-group.ts'
import type { FoundGroup } from './parked-stores.ts'
import { showBytes } from './show-bytes.ts'

const time = (at: number) => new Date(at).toISOString()

export function toGroupView({ id, consumer, schema, row }: FoundGroup): ParkedGroup {
  return {
    id,
    consumer,
    store: schema,
    kind: row.slot ? 'event' : 'record',
    reason: row.reason,
    cause: row.cause === '' ? null : row.cause,
    events: row.events,
    waiting: row.waiting,
    retrying: row.marked,
    retryable: row.triable,
    discarded: row.discarded,
    users: row.users,
    oldestAt: time(row.oldest_at),
    newestAt: time(row.newest_at),
    upTo: row.last_id,
    exampleType: row.event_type,
    ...explainGroup(consumer, row),
  }
}

export function toParkedView(row: ParkedRow): ParkedEvent {
  const { topic, partition, record_offset: offset } = row
  return {
    id: row.id,
    state: row.state,
    reason: row.reason,
    detail: row.detail,
    userId: row.user_id as ParkedEvent['userId'],
    aggregateId: row.aggregate_id,
    aggregateType: row.aggregate_type,
    version: row.version,
    sequence: row.sequence,
    eventId: row.event_id,
    type: row.event_type,
    record: topic === null || partition === null || offset === null ? null : { topic, partition, offset },
    ...showBytes(row),
    attempts: row.attempts,
    waiting: row.waiting,
    parkedAt: time(row.parked_at),
    history: row.history.map(toStepView),
  }
}

function toStepView({ at, lastAt, step, ...rest }: StepRow): ParkedStep {
  return { ...rest, at: time(at), lastAt: time(lastAt), step: step as ParkedStep['step'] }
}
