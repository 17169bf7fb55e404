import {
  databaseConfig,
  ingestClientConfig,
  integer,
  kafkaConfig,
  registryConfig,
  s3Config,
} from '@synap/runtime'
import { z } from 'zod'

/** The environment of the projector: names in upper snake case, units and defaults in view. */
export const projectorConfig = z.object({
  ...databaseConfig,
  ...kafkaConfig,
  ...registryConfig,
  ...s3Config,
  ...ingestClientConfig,
  /** Halt when more than this part of the last minute's records is refused; 100 = never. */
  haltPercent: integer(1, 100).default(5),
})
export type ProjectorConfig = z.output<typeof projectorConfig>

/** Which read model this process fills; a rebuild fills another one beside it, with groups of its own. */
export const readModel = {
  schema: 'read_v1',
  role: 'synap_projector',
  eventsGroup: 'projector-v1',
  derivedGroup: 'projector-v1-derived',
  /** Notified, without payload, once per batch that moved a position. */
  channel: 'read_positions',
} as const

/** Statements are kept to a second or two; three times what others get is for a loaded machine, and for erasures. */
export function poolOf({ databaseUrl, databasePoolSize }: ProjectorConfig) {
  return { url: databaseUrl, max: databasePoolSize, statementTimeoutMs: 15_000 }
}
