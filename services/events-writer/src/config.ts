import { databaseConfig, ingestClientConfig, integer, kafkaConfig, registryConfig } from '@synap/runtime'
import { z } from 'zod'

/** The environment of the events-writer: names in upper snake case, units and defaults in view. */
export const eventsWriterConfig = z.object({
  ...databaseConfig,
  ...kafkaConfig,
  ...registryConfig,
  ...ingestClientConfig,
  /** Hours of events in one chunk of the hypertable, for chunks made from now on; 0 = by their volume. */
  logChunkHours: integer(0, 8_760).default(0),
  /** What one chunk should hold at most when its hours go by volume: megabytes, indexes included. */
  logChunkMegabytes: integer(1, 1_048_576).default(1_024),
  /** Days until a chunk is compressed, where the edition has it. */
  logCompressAfterDays: integer(1, 3_650).default(7),
  /** Days until events are dropped; 0 = never. Refused above 0 as long as there is no archive of the log. */
  logRetentionDays: integer(0, 36_500).default(0),
  /** Halt when more than this part of the last minute's records is refused; 100 = never. */
  haltPercent: integer(1, 100).default(5),
})
export type EventsWriterConfig = z.output<typeof eventsWriterConfig>
