import type { ModelProvider } from '@synap/ai'
import type { Subscriptions } from '@synap/event-log'
import { type App, type Authenticate, buildApp, type Limits } from '@synap/http'
import type { ObjectStore } from '@synap/object-store'
import type { Pool } from '@synap/postgres'
import type { Logger } from '@synap/telemetry'
import type { CursorCodec } from './cursor.ts'
import type { StreamLimits } from './event-streams.ts'
import type { ExportJobs } from './exports/export-jobs.ts'
import { createLinkPages } from './link-pages.ts'
import type { ReadModel } from './read-model.ts'
import { registerCountEvents } from './routes/count-events.ts'
import { registerEnrichment } from './routes/enrichment.ts'
import { registerEnrichments } from './routes/enrichments.ts'
import { registerExports } from './routes/exports.ts'
import { registerGetChain } from './routes/get-chain.ts'
import { registerGetContent } from './routes/get-content.ts'
import { registerGetEntity } from './routes/get-entity.ts'
import { registerGetGraph } from './routes/get-graph.ts'
import { registerGetHistory } from './routes/get-history.ts'
import { registerGetMe } from './routes/get-me.ts'
import { registerGetStats } from './routes/get-stats.ts'
import { registerGetStatus } from './routes/get-status.ts'
import { registerListEntities } from './routes/list-entities.ts'
import { registerListEvents } from './routes/list-events.ts'
import { registerListLinks } from './routes/list-links.ts'
import { registerListRelated } from './routes/list-related.ts'
import { registerListTags } from './routes/list-tags.ts'
import { registerListTasks } from './routes/list-tasks.ts'
import { registerParked } from './routes/parked.ts'
import { registerRelations } from './routes/relations.ts'
import { registerSearch } from './routes/search.ts'
import { registerStreamEvents } from './routes/stream-events.ts'
import type { VectorCache } from './vectors/vector-cache.ts'

export interface ServerDeps {
  pool: Pool
  readModel: ReadModel
  /** The event log, read as the read model is. */
  eventLog: ReadModel
  subscriptions: Subscriptions
  store: ObjectStore
  exports: ExportJobs
  /** Models that questions can be embedded with. */
  providers: readonly ModelProvider[]
  /** Vectors in memory, for search. */
  vectors: VectorCache
  cursors: CursorCodec
  /** What cursors are signed with. */
  cursorSecret: string
  /** Cursors of lists of events. */
  sequences: CursorCodec<number>
  streamLimits?: StreamLimits
  authenticate: Authenticate
  limits?: Limits
  logger: Logger
}

const description = `Answers reads. Every answer carries \`Synap-Sequence\`: it is true for the user's events up to there.

Read your writes: pass the \`sequence\` of a write as \`min_sequence\` (or in the header \`Synap-Min-Sequence\`). The read
waits up to \`wait\` milliseconds (2,000 by default), then answers 503; with \`stale=allow\` it answers all the same.`

/** The API of query, built without listening. */
export async function buildServer(deps: ServerDeps): Promise<App> {
  const app = await buildApp({
    service: 'query',
    logger: deps.logger,
    authenticate: deps.authenticate,
    ...(deps.limits && { limits: deps.limits }),
    info: { title: 'Synap: query', version: '1', description },
  })
  registerListEntities(app, deps)
  registerGetEntity(app, deps)
  registerGetContent(app, deps)
  registerGetStatus(app, deps)
  registerGetStats(app, deps)
  registerListTasks(app, deps)
  registerListTags(app, deps)
  registerRelations(app, deps)
  const linkPages = createLinkPages(deps.cursorSecret)
  registerGetGraph(app, { ...deps, linkPages })
  registerListLinks(app, { ...deps, linkPages })
  registerListRelated(app, deps)
  registerGetMe(app, deps)
  registerSearch(app, deps)
  registerListEvents(app, deps)
  registerCountEvents(app, deps)
  registerStreamEvents(app, deps)
  registerGetChain(app, deps)
  registerGetHistory(app, deps)
  registerParked(app, deps)
  registerEnrichment(app, deps)
  registerExports(app, deps)
  registerEnrichments(app, deps)
  return app
}
