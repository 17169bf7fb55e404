import type { OutboundMessage } from './message.ts'

/** Puts records on a topic, at least once and in the order given per partition. */
export interface Publisher {
  /**
   * Resolves only when every message is acknowledged for good; until then the same batch is sent again with a growing
   * wait. At worst a message is stored twice; none is skipped and none overtakes another of its partition.
   * Concurrent calls wait for each other in the order they were made.
   *
   * Rejects with
   * - the signal's reason when it aborts: the outcome of this batch is then unknown, send it again;
   * - `SynapError` class `configuration` (`kafka.forbidden`, `partition.unknown`, `publisher.closed`, …): a person acts;
   * - `SynapError` class `data`, code `message.too_large`, `fields.index` = index of the message that can never be
   *   stored. Messages before it are stored, those after it may be.
   *
   * An unreachable server or a topic that is not there yet is never an error here: it shows in `health()`, and the
   * signal decides how long to try.
   */
  publish(topic: string, messages: readonly OutboundMessage[], signal: AbortSignal): Promise<void>

  health(): PublisherHealth

  /** Ends what is in flight (it rejects with `publisher.closed`) and lets go of every connection. Never rejects. */
  close(): Promise<void>
}

export interface PublisherHealth {
  /** False while a batch is being sent again. */
  ready: boolean
  /** What the last failed attempt met, while it is being retried. */
  reason: string | null
  /** Failed attempts of the batch in flight. */
  attempts: number
}
