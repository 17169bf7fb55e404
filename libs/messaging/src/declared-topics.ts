import { topicName, topics } from '@synap/contracts'
import type { TopicSpec } from './message-log.ts'

/** Every topic that the contracts declare, its name behind the prefix. */
export function declaredTopics(prefix = ''): TopicSpec[] {
  return (Object.keys(topics) as (keyof typeof topics)[]).map((topic) => ({
    name: topicName(topic, prefix),
    partitions: topics[topic].partitions,
    config: Object.fromEntries(
      Object.entries(topics[topic].config).map(([name, value]) => [name, String(value)]),
    ),
  }))
}
