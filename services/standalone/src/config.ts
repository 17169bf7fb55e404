import { isTimeZone } from '@synap/ai'
import { type BudgetConfig, budgetConfig, type EnricherOptions } from '@synap/enricher'
import type { EventsWriterOptions } from '@synap/events-writer'
import {
  type IngestConfig,
  type SweepConfig,
  sweepConfig,
  type UploadConfig,
  uploadConfig,
} from '@synap/ingest'
import type { ProjectorOptions } from '@synap/projector'
import { searchConfig } from '@synap/query'
import { httpConfig, modelConfig } from '@synap/runtime'
import { z } from 'zod'

/** The environment of standalone: names in upper snake case. */
export const standaloneConfig = z.object({
  ...httpConfig,
  ...modelConfig,
  ...budgetConfig,
  ...uploadConfig,
  ...sweepConfig,
  ...searchConfig,
  /** Uploads under way lie in the data folder unless another is named. */
  uploadDir: uploadConfig.uploadDir.removeDefault().optional(),
  /** Where clients reach it, for the links it gives out, when that is not the address it listens at. */
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  /** Absolute: the folder that holds everything. */
  dataDir: z.string().startsWith('/', 'an absolute path is expected'),
  /** What "tomorrow" means for users who chose no time zone: that of this machine. */
  defaultTimeZone: z
    .string()
    .default(() => Intl.DateTimeFormat().resolvedOptions().timeZone)
    .refine(isTimeZone, 'the name of a time zone is expected'),
})
export type StandaloneConfig = z.output<typeof standaloneConfig>

/**
 * What the services are told where nobody else can write: commits of this process wake who waits for them, so polling
 * is for the unforeseen only. A lease outlives a kill: short ones let the next start go on soon.
 */
export const settings: Omit<IngestConfig, keyof UploadConfig | keyof SweepConfig> &
  EventsWriterOptions &
  ProjectorOptions &
  Omit<EnricherOptions, 'defaultTimeZone' | keyof BudgetConfig> = {
  topicPrefix: '',
  outboxLimit: 1_000_000,
  // Taken from whoever died when this folder is opened, so nobody waits for it; short, a busy machine would lose it.
  relayLeaseMs: 30_000,
  relayPollMs: 5_000,
  haltPercent: 5,
  logChunkHours: 0,
  logChunkMegabytes: 1_024,
  logCompressAfterDays: 7,
  logRetentionDays: 0,
  enrichConcurrency: 4,
  enrichPerUser: 4,
  enrichLeaseMs: 5_000,
  enrichPollMs: 2_000,
  enrichRetryMs: 1_000,
  enrichNewTags: 1,
  enrichBreakerFailures: 5,
  enrichBreakerMs: 10_000,
}
