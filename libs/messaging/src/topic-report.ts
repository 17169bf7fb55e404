import { SynapError } from '@synap/core'
import type { TopicReport, TopicSpec } from './message-log.ts'

/** Throws `topic.partitions_differ` (configuration) for a topic that is there with another number of partitions. */
export function assertSamePartitions(spec: TopicSpec, found: number | undefined): void {
  if (found === undefined || found === spec.partitions) return
  throw new SynapError(
    `topic ${spec.name} has ${found} partitions and is declared with ${spec.partitions}; ` +
      'records of one user would be split over two partitions: make a topic of another name and copy',
    {
      code: 'topic.partitions_differ',
      class: 'configuration',
      fields: { topic: spec.name, found, declared: spec.partitions },
    },
  )
}

/** What differs between the settings that a topic had and those it is to have. */
export function topicReport(
  topic: string,
  outcome: TopicReport['outcome'],
  found: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): TopicReport {
  const names = [...new Set([...Object.keys(found), ...Object.keys(wanted)])].sort()
  const changed = names.filter((name) => found[name] !== wanted[name])
  const changes = changed.map(
    (name) => [name, { from: found[name] ?? null, to: wanted[name] ?? null }] as const,
  )
  return { topic, outcome, changes: Object.fromEntries(changes) }
}
