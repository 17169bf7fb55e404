import type { AggregateId } from '@synap/core'
import type { EventFilter, EventPage } from '@synap/event-log'
import { newId, newTrace, type Story, type StoryEvent } from './story.ts'

export const dayMs = 86_400_000
/** When random stories begin. */
export const begin = Date.UTC(2026, 2, 1)

/** A number from 0 to below `below`; the same in each run. */
export function createDice(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Some hundred events over two weeks, in the middle of which the clock is put back by two days. */
export function tellRandomly(story: Story, dice: (below: number) => number): void {
  const aggregates: AggregateId[] = []
  const traces = [newTrace(), newTrace(), newTrace()]
  let at = begin
  for (let n = 0; n < 400; n += 1) {
    at += dice(dayMs / 15)
    if (n === 200) at -= 2 * dayMs
    const cause = dice(3) === 0 ? story.events[dice(story.events.length)] : undefined
    const how = {
      at,
      correlationId: dice(4) === 0 ? (traces[dice(3)] as string) : newTrace(),
      causationId: cause?.envelope.id ?? null,
    }
    const aggregate = aggregates[dice(aggregates.length + 3)]
    if (aggregate === undefined) {
      aggregates.push(newId())
      story.tell(
        'entity.created',
        aggregates.at(-1) as AggregateId,
        { type: 'note', title: null, timeZone: null },
        how,
      )
    } else if (dice(10) === 0) {
      story.tell('entity.updated', aggregate, { patch: '{"a":1}', inverse: '{"a":null}' }, how)
    } else {
      story.tell('entity.title_changed', aggregate, { title: `t${n}`, oldTitle: null }, how)
    }
  }
}

/** The same question, asked of the list of all events. */
export function expected(story: Story, filter: EventFilter, page: EventPage): string[] {
  const { types, aggregateId, correlationId, from = 0, to = Number.POSITIVE_INFINITY } = filter
  const fits = ({ type, envelope }: StoryEvent) =>
    (types?.includes(type) ?? true) &&
    (aggregateId === undefined || envelope.aggregateId === aggregateId) &&
    (correlationId === undefined || envelope.correlationId === correlationId) &&
    envelope.occurredAt >= from &&
    envelope.occurredAt < to &&
    envelope.sequence > (page.above ?? 0) &&
    envelope.sequence < (page.below ?? Number.POSITIVE_INFINITY)
  const found = story.events.filter(fits)
  if (page.order === 'newest') found.reverse()
  return found.slice(0, page.limit).map(({ envelope }) => envelope.id)
}

export function randomFilter(story: Story, dice: (below: number) => number): EventFilter {
  const some = story.events[dice(story.events.length)] as StoryEvent
  const maybe = <T>(value: T) => (dice(3) === 0 ? value : undefined)
  return {
    types: maybe(dice(2) === 0 ? [some.type] : ['entity.updated', 'entity.deleted']),
    aggregateId: maybe(some.envelope.aggregateId),
    correlationId: maybe(some.envelope.correlationId),
    from: maybe(begin + dice(14 * dayMs)),
    to: maybe(begin + dice(14 * dayMs)),
  }
}
