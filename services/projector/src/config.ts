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
export const environment = () => process.env

/** What `./synap rebuild` reads: the database, and how the topics are named. */
export const rebuildConfig = projectorConfig.pick({ databaseUrl: true, topicPrefix: true })
export type ProjectorConfig = z.output<typeof projectorConfig>

/** The role that owns every read model. */
export const projectorRole = 'synap_projector'

/** One of the read models that this process keeps level, with groups of its own. */
export interface ReadModel {
  /** 1, 2, …: the next rebuild makes the next one. */
  n: number
  schema: string
  eventsGroup: string
  derivedGroup: string
  /** Notified once per batch that moved a position. */
  channel: string
}

/** Names of the read model with this number. */
export function readModelOf(n: number): ReadModel {
  const group = `projector-v${n}`
  return {
    n,
    schema: `read_v${n}`,
    eventsGroup: group,
    derivedGroup: `${group}-derived`,
    channel: 'read_positions',
  }
}

/** Statements are kept to a second or two; three times what others get is for a loaded machine, and for erasures. */
export function poolOf({ databaseUrl, databasePoolSize }: ProjectorConfig) {
  return { url: databaseUrl, max: databasePoolSize, statementTimeoutMs: 15_000 }
}
