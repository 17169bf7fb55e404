import type {
  Batch,
  Consumer,
  ConsumerOptions,
  InboundMessage,
  MessageLog,
  OutboundMessage,
  StartPoint,
} from '../src/index.ts'

/** What a driver brings to the contract: itself, and names to play with. */
export interface MessagingHarness {
  /** Pauses should be short (some 10 ms), or the suite is slow. The suite makes its own publishers and topics. */
  log: MessageLog
  /** In front of every name of a topic, where tests share a server. */
  prefix?: string
  /** Bytes that a message may have on the suite's topics (`max.message.bytes`); twice that is certainly too large. */
  messageBytes: number
  close(): Promise<void>
}

/** A consumer of a test, with what it handled and the positions it keeps as a database would. */
export interface ConsumerUnderTest {
  consumer: Consumer
  positions: Map<string, bigint>
  handled: InboundMessage[]
  asked: { topic: string; partition: number; at: StartPoint }[]
  store: (batch: Batch) => Promise<void>
  valuesOf: (partition: number, topic?: string) => (string | null)[]
}

/** What the parts of the suite share. */
export interface ContractTools {
  harness: MessagingHarness
  newTopicName: () => string
  /** Makes an empty topic that nobody else uses and returns its name. */
  createTopic: (partitions: number) => Promise<string>
  publish: (topic: string, messages: readonly OutboundMessage[]) => Promise<void>
  series: (prefix: string, count: number, partition: number) => OutboundMessage[]
  /** Starts a consumer, which is closed after the test. */
  consume: (
    topics: string | readonly string[],
    options?: Partial<ConsumerOptions>,
  ) => Promise<ConsumerUnderTest>
  becomesReady: (consumer: Consumer) => Promise<unknown>
}

export const valueOf = (message: InboundMessage): string | null => message.value?.toString() ?? null

/** Where the position of a partition is kept. */
export const placeOf = (topic: string, partition: number): string => `${topic}/${partition}`
