import { messageHeaders } from '@synap/contracts'
import type { OutboundMessage } from '@synap/messaging'
import { CompressionTypes, Kafka, logLevel, Partitioners } from 'kafkajs'
import type { RelayJob, StartedRelay } from './job.ts'

/** A producer as the peers use it: kafkajs, acknowledged by all replicas. */
export async function connectProducer({ brokers, topic }: Pick<RelayJob, 'brokers' | 'topic'>) {
  const kafka = new Kafka({ brokers: [brokers], clientId: 'bench', logLevel: logLevel.ERROR })
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  })
  await producer.connect()
  return {
    /** Compressed as the topic stores it, when there is more than one: then the broker takes the batch as it is. */
    send: async (messages: readonly OutboundMessage[]) => {
      const compression = messages.length > 1 ? CompressionTypes.GZIP : CompressionTypes.None
      const kafkaMessages = messages.map(({ key, value, headers }) => ({
        key,
        value,
        headers: { ...headers },
      }))
      await producer.send({ topic, acks: -1, compression, messages: kafkaMessages })
    },
    close: () => producer.disconnect(),
  }
}

export type PeerProducer = Awaited<ReturnType<typeof connectProducer>>

export const idsOf = (messages: readonly OutboundMessage[]) =>
  messages.map(({ headers }) => headers[messageHeaders.id] ?? '')

/** Calls `relayOnce` until it is closed: at once while it finds rows, else when it is woken or time has passed. */
export function runLoop(
  relayOnce: () => Promise<number>,
  pollMs: number,
  fail: (error: unknown) => void,
): StartedRelay {
  let closing = false
  let rouse = () => undefined as void
  let woken = false
  const pause = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pollMs)
      rouse = () => {
        clearTimeout(timer)
        resolve()
      }
      if (woken || closing) rouse()
    })
  const running = (async () => {
    while (!closing) {
      woken = false
      if ((await relayOnce()) === 0) await pause()
    }
  })().catch(fail)
  return {
    wake: () => {
      woken = true
      rouse()
    },
    close: async () => {
      closing = true
      rouse()
      await running
    },
  }
}
