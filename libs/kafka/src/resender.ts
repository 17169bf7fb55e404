import { backoffMs, describeError, SynapError, wait } from '@synap/core'
import { approximateBytes, type OutboundMessage, type PublisherHealth } from '@synap/messaging'
import type { KafkaOptions } from './client.ts'
import { toSynapError } from './errors.ts'
import { createProducerSession, type ProducerSession } from './producer-session.ts'

/** Sends a batch again and again until it is acknowledged. One call at a time. */
export interface Resender {
  /** `first` is the index of the batch's first message in the caller's list, for the error that names one. */
  deliver(
    topic: string,
    messages: readonly OutboundMessage[],
    first: number,
    signal: AbortSignal,
  ): Promise<void>
  readonly health: Readonly<PublisherHealth>
  /** Cuts the connections; the next batch opens new ones. */
  discard(): void
}

export interface ResenderSettings {
  gzipAboveBytes: number
  retry: { baseMs: number; capMs: number }
}

export function createResender(kafka: KafkaOptions, settings: ResenderSettings): Resender {
  const health: PublisherHealth = { ready: true, reason: null, attempts: 0 }
  let session: ProducerSession | undefined

  const discard = () => {
    session?.discard()
    session = undefined
  }

  /** Sorts out a failed attempt: throws when it is final, else returns the wait before the next one. */
  const recover = (error: unknown, topic: string, messages: number): number => {
    const failure = toSynapError(error, 'publish')
    // It is unknown what the broker has stored, and the connection may be half dead: the same batch, over a new one.
    discard()
    Object.assign(health, { ready: false, reason: describeError(failure) })
    if (failure.class !== 'dependency') throw failure
    health.attempts += 1
    const { code, fields } = failure
    kafka.logger.warn(
      { ...fields, topic, messages, attempts: health.attempts, code, error: describeError(failure) },
      'publish failed, sending the batch again',
    )
    return backoffMs(health.attempts, settings.retry)
  }

  const deliver: Resender['deliver'] = async (topic, messages, first, signal) => {
    const bytes = messages.reduce((sum, message) => sum + approximateBytes(message), 0)
    for (;;) {
      try {
        session ??= createProducerSession(kafka)
        await session.send(topic, messages, bytes > settings.gzipAboveBytes, signal)
        Object.assign(health, { ready: true, reason: null, attempts: 0 })
        return
      } catch (error) {
        if (signal.aborted) discard()
        signal.throwIfAborted()
        if (toSynapError(error, 'publish').code === 'message.too_large') {
          return await deliverHalves(topic, messages, first, signal)
        }
        await wait(recover(error, topic, messages.length), signal)
      }
    }
  }

  /** The limit is on what a batch packs to, so halves may fit; a single message that does not never will. */
  const deliverHalves: Resender['deliver'] = async (topic, messages, first, signal) => {
    if (messages.length === 1) {
      throw new SynapError('the message is larger than the topic allows', {
        code: 'message.too_large',
        class: 'data',
        fields: { topic, index: first },
      })
    }
    const middle = Math.ceil(messages.length / 2)
    await deliver(topic, messages.slice(0, middle), first, signal)
    await deliver(topic, messages.slice(middle), first + middle, signal)
  }

  return { deliver, health, discard }
}
