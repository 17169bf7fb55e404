import { withDeadline } from '@synap/core'
import type { PartitionLag, Watermarks } from '@synap/messaging'
import type { Admin } from 'kafkajs'
import { buildClient, type Client, deadlinesOf, type KafkaOptions } from './client.ts'
import { toSynapError } from './errors.ts'

/** One lazily opened admin connection, replaced after a failure. */
export interface AdminConnection {
  /** Rejects with a `SynapError`; `doing` is a constant phrase for it. */
  run<T>(doing: string, signal: AbortSignal | undefined, work: (admin: Admin) => Promise<T>): Promise<T>
  close(): void
}

export function createAdminConnection(kafka: KafkaOptions): AdminConnection {
  let current: { client: Client; admin: Admin; connected: Promise<void> } | undefined
  const open = () => {
    const client = buildClient(kafka)
    const admin = client.kafka.admin()
    const connected = admin.connect()
    connected.catch(() => undefined)
    return { client, admin, connected }
  }
  const discard = (failed: typeof current) => {
    if (failed === undefined) return
    if (current === failed) current = undefined
    failed.admin.disconnect().catch(() => undefined)
    failed.client.sockets.destroy()
  }
  return {
    async run(doing, signal, work) {
      const used = (current ??= open())
      try {
        return await withDeadline(doing, deadlinesOf(kafka).attempt, signal, async () => {
          await used.connected
          return await work(used.admin)
        })
      } catch (error) {
        signal?.throwIfAborted()
        discard(used)
        throw toSynapError(error, doing)
      }
    },
    close: () => discard(current),
  }
}

export function readWatermarks(
  connection: AdminConnection,
  topic: string,
  signal?: AbortSignal,
): Promise<Watermarks> {
  return connection.run('read watermarks', signal, async (admin) => {
    const rows = await admin.fetchTopicOffsets(topic)
    return new Map(
      rows.map(({ partition, low, high }) => [partition, { low: BigInt(low), high: BigInt(high) }]),
    )
  })
}

export function readGroupLag(
  connection: AdminConnection,
  groupId: string,
  topics: readonly string[],
  signal?: AbortSignal,
): Promise<PartitionLag[]> {
  return connection.run('read group lag', signal, async (admin) => {
    const committed = await admin.fetchOffsets({ groupId, topics: [...topics] })
    const rows: PartitionLag[] = []
    for (const { topic, partitions } of committed) {
      const ends = new Map((await admin.fetchTopicOffsets(topic)).map((row) => [row.partition, row]))
      for (const { partition, offset } of partitions) {
        const end = ends.get(partition)
        const high = BigInt(end?.high ?? 0)
        const at = BigInt(offset) < 0n ? null : BigInt(offset)
        rows.push({ topic, partition, committed: at, high, lag: high - (at ?? BigInt(end?.low ?? 0)) })
      }
    }
    return rows.sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition)
  })
}
