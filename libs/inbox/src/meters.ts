import { metrics } from '@opentelemetry/api'

/** Counters of one consumer. Counts of zero are not recorded. */
export interface Meters {
  event(outcome: 'applied' | 'skipped' | 'duplicate' | 'fetched' | 'retried', count: number): void
  parked(reason: string, count: number): void
  /** What is parked right now, and the age of the oldest in milliseconds. */
  parkedNow(reason: string, count: number, oldestMs: number): void
  alarm(kind: string): void
  lag(topic: string, partition: number, records: number): void
}

export function createMeters(consumer: string): Meters {
  const meter = metrics.getMeter('@synap/inbox')
  const events = meter.createCounter('synap_inbox_events', {
    description: 'Events by what became of them: applied, skipped, duplicate, fetched (to repair a gap).',
  })
  const parked = meter.createCounter('synap_inbox_parked', { description: 'Records parked, by reason.' })
  const open = meter.createGauge('synap_inbox_parked_open', {
    description: 'What is parked and not settled yet, by reason.',
  })
  const age = meter.createGauge('synap_inbox_parked_oldest_seconds', {
    description: 'Age of the oldest that is parked and not settled yet, by reason.',
  })
  const alarms = meter.createCounter('synap_inbox_alarms', {
    description: 'Things that a person has to look at, by kind.',
  })
  const lag = meter.createGauge('synap_inbox_lag', {
    description: 'Records of a partition that are still to be handled.',
    unit: '{record}',
  })
  return {
    event: (outcome, count) => {
      if (count > 0) events.add(count, { consumer, outcome })
    },
    parked: (reason, count) => {
      if (count > 0) parked.add(count, { consumer, reason })
    },
    parkedNow: (reason, count, oldestMs) => {
      open.record(count, { consumer, reason })
      age.record(oldestMs / 1_000, { consumer, reason })
    },
    alarm: (kind) => alarms.add(1, { consumer, kind }),
    lag: (topic, partition, records) => lag.record(records, { consumer, topic, partition }),
  }
}
