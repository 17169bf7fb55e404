import { avscOf, type EventType, encodeDelta, eventTypes } from '@synap/contracts'
import { type MadeEvent, makeEvent } from '@synap/inbox/testing'
import { createKafka, declaredTopics } from '@synap/kafka'
import { type OutboundMessage, silentLogger } from '@synap/messaging'
import type { MixedEvent } from './event-mix.ts'

/** The number of a type's schema in these benchmarks, which need no registry. */
export const schemaIdOf = (type: EventType): number => eventTypes.indexOf(type) + 1

/** The schema of such a number. */
export async function schemaById(id: number): Promise<string | undefined> {
  const type = eventTypes[id - 1]
  return type === undefined ? undefined : avscOf(type)
}

/** The record that ingest's relay would publish. */
export const recordOf = ({ type, envelope, delta }: MixedEvent): MadeEvent =>
  makeEvent(type, envelope, encodeDelta(type, delta as never), schemaIdOf(type))

const batch = 500

/** Makes an events topic of this name's own, as the contracts declare it, and publishes the records; its name. */
export async function fillTopic(
  brokers: string,
  prefix: string,
  records: readonly OutboundMessage[],
  signal: AbortSignal,
  /** Settings in place of those declared. */
  config: Readonly<Record<string, string>> = {},
): Promise<string> {
  const [declared] = declaredTopics(prefix)
  if (declared === undefined) throw new Error('the events topic is declared first')
  const spec = { ...declared, config: { ...declared.config, ...config } }
  const kafka = createKafka({ brokers: [brokers], clientId: 'bench-fill', logger: silentLogger })
  const publisher = kafka.publisher()
  try {
    await kafka.createTopics([spec], signal)
    for (let at = 0; at < records.length; at += batch)
      await publisher.publish(spec.name, records.slice(at, at + batch), signal)
    return spec.name
  } finally {
    await publisher.close()
    await kafka.close()
  }
}
