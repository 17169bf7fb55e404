import type { KafkaTools } from '@synap/servers'

/** Kafka's own consumer in Java reads the topic from its beginning and throws the records away: records per second. */
export async function consumerPerf(
  tools: KafkaTools,
  { brokers, topic, records }: { brokers: string; topic: string; records: number },
  signal: AbortSignal,
): Promise<number> {
  const args = [
    '--bootstrap-server',
    brokers,
    '--topic',
    topic,
    '--num-records',
    String(records),
    '--hide-header',
  ]
  return readConsumerPerf(await tools.run('org.apache.kafka.tools.ConsumerPerformance', args, signal))
}

/** The last column of its line, `fetch.nMsg.sec`: without the time it takes to join the group. */
export function readConsumerPerf(output: string): number {
  const line = output.split('\n').findLast((text) => /^\d{4}-\d\d-\d\d /.test(text))
  const rate = Number(line?.split(',').at(-1))
  if (!(rate > 0)) throw new Error(`the consumer performance test said: ${output}`)
  return rate
}

export interface ProducerPerf {
  recordsPerSecond: number
  p50Ms: number
  p99Ms: number
}

/** Kafka's own producer in Java sends records of one size, acknowledged by all replicas. */
export async function producerPerf(
  tools: KafkaTools,
  sent: {
    brokers: string
    topic: string
    records: number
    recordBytes: number
    /** Records per second; -1 = as many as it can. */
    throughput: number
  },
  signal: AbortSignal,
): Promise<ProducerPerf> {
  const { brokers, topic, records, recordBytes, throughput } = sent
  const args = ['--topic', topic, '--num-records', String(records), '--record-size', String(recordBytes)]
  const producer = [`bootstrap.servers=${brokers}`, 'acks=all', 'linger.ms=5', 'batch.size=262144']
  args.push('--throughput', String(throughput), '--command-property', ...producer)
  return readProducerPerf(await tools.run('org.apache.kafka.tools.ProducerPerformance', args, signal))
}

/** `100000 records sent, 51229.5 records/sec (29.3 MB/sec), 1.2 ms avg latency, … 1 ms 50th, 2 ms 95th, 3 ms 99th, …` */
export function readProducerPerf(output: string): ProducerPerf {
  const line = output.split('\n').findLast((text) => text.includes('99th')) ?? ''
  const number = (pattern: RegExp) => Number(pattern.exec(line)?.[1] ?? Number.NaN)
  const result = {
    recordsPerSecond: number(/([\d.]+) records\/sec/),
    p50Ms: number(/([\d.]+) ms 50th/),
    p99Ms: number(/([\d.]+) ms 99th/),
  }
  if (Object.values(result).some(Number.isNaN))
    throw new Error(`the producer performance test said: ${output}`)
  return result
}
