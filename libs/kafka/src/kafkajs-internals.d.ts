/** The parts of kafkajs 2.2.4 that it does not export and that this library uses; the version is pinned. */

declare module 'kafkajs/src/network/requestQueue/index.js' {
  class RequestQueue {
    pending: readonly unknown[]
    throttledUntil: number
    scheduleCheckPendingRequests(): void
  }
  export = RequestQueue
}

declare module 'kafkajs/src/protocol/encoder.js' {
  class Encoder {
    static nextPowerOfTwo(value: number): number
    static sizeOfVarInt(value: number): number
    static sizeOfVarLong(value: unknown): number
    buf: Buffer
    offset: number
    readonly buffer: Buffer
    ensureAvailable(length: number): void
    writeVarInt(value: number): Encoder
    writeUVarInt(value: number): Encoder
    writeVarLong(value: unknown): Encoder
    writeVarIntBytes(value: string | Buffer | null): Encoder
  }
  export = Encoder
}

declare module 'kafkajs/src/cluster/index.js' {
  interface FetchedMessage {
    offset: string
    timestamp: string
    key: Buffer | null
    value: Buffer | null
    headers?: Record<string, unknown>
    isControlRecord?: boolean
  }
  interface FetchAnswer {
    responses: { topicName: string; partitions: { partition: number; messages: FetchedMessage[] }[] }[]
  }
  interface ProduceAnswer {
    topics: { topicName: string; partitions: { partition: number; errorCode: number }[] }[]
  }
  interface Broker {
    /** Rejects with the first error code of a partition. */
    produce(request: {
      acks: number
      timeout: number
      compression: number
      topicData: {
        topic: string
        partitions: { partition: number; firstSequence: number; messages: readonly object[] }[]
      }[]
    }): Promise<ProduceAnswer>
    fetch(request: {
      maxWaitTime: number
      minBytes: number
      maxBytes: number
      isolationLevel: number
      topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[]
    }): Promise<FetchAnswer>
  }
  class Cluster {
    constructor(options: Record<string, unknown>)
    connect(): Promise<void>
    disconnect(): Promise<void>
    addTargetTopic(topic: string): Promise<void>
    refreshMetadata(): Promise<void>
    findTopicPartitionMetadata(topic: string): { partitionId: number }[]
    findLeaderForPartitions(topic: string, partitions: number[]): Record<string, number[]>
    findBroker(options: { nodeId: string }): Promise<Broker>
  }
  export = Cluster
}
