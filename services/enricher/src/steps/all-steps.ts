import type { Extractor, ModelProvider } from '@synap/ai'
import type { SynapClient } from '@synap/client'
import type { Pool } from '@synap/postgres'
import type { ReplayGate } from '../await-replay.ts'
import type { Embedders } from '../embedders.ts'
import type { StepName } from '../job.ts'
import type { PaidCalls } from '../paid-calls.ts'
import type { DerivedPublisher } from '../publish-derived.ts'
import { createAnalyse } from './analyse.ts'
import { createDownload } from './download.ts'
import { createEmbed } from './embed.ts'
import { createExtract } from './extract.ts'
import type { Objects } from './objects.ts'
import { createPublish } from './publish.ts'
import { createPublishText } from './publish-text.ts'
import { createRecord } from './record.ts'
import type { Step } from './step.ts'

export interface StepTools {
  pool: Pool
  objects: Objects
  extractor: Extractor
  provider: ModelProvider
  calls: PaidCalls
  embedders: Embedders
  derived: DerivedPublisher
  client: Pick<SynapClient, 'recordAnalysis'>
  /** IANA name, for users who chose none. */
  defaultTimeZone: string
  /** Tags that an analysis may propose although the user has none of them. */
  newTags: number
  replay: ReplayGate
}

/** Every step by name; `stepNames` has their order. */
export function createSteps(tools: StepTools): Record<StepName, Step> {
  return {
    download: createDownload(tools.objects),
    extract: createExtract(tools),
    publish_text: createPublishText(tools),
    analyse: createAnalyse(tools),
    embed: createEmbed(tools),
    publish: createPublish(tools),
    record: createRecord(tools),
  }
}
