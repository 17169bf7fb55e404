import { SynapError } from '@synap/core'
import type { PartitionHealth } from '@synap/messaging'

/** A running consumer, as far as others have to know it. */
export interface ClaimedConsumer {
  groupId: string
  topics: readonly string[]
  partitions(): readonly PartitionHealth[]
}

/** Who reads what in this process. Sharing a topic among members of a group is Kafka's own affair. */
export interface Claims {
  /** Throws `group.busy` (configuration) when another consumer of the group has one of the topics. Call to release. */
  claim(consumer: ClaimedConsumer): () => void
  /** The lowest position of all who read the partition; 0 while one of them does not know its own; null = nobody. */
  wantedFrom(topic: string, partition: number): bigint | null
}

export function createClaims(): Claims {
  const held = new Set<ClaimedConsumer>()
  return {
    claim(consumer) {
      for (const other of held) {
        const topic = consumer.topics.find((name) => other.topics.includes(name))
        if (other.groupId !== consumer.groupId || topic === undefined) continue
        throw new SynapError('a consumer of this group reads the topic already', {
          code: 'group.busy',
          class: 'configuration',
          fields: { groupId: consumer.groupId, topic },
        })
      }
      held.add(consumer)
      return () => held.delete(consumer)
    },
    wantedFrom(topic, partition) {
      let lowest: bigint | null = null
      for (const consumer of held) {
        if (!consumer.topics.includes(topic)) continue
        const own = consumer.partitions().find((one) => one.topic === topic && one.partition === partition)
        const position = own?.position ?? 0n
        if (lowest === null || position < lowest) lowest = position
      }
      return lowest
    },
  }
}
