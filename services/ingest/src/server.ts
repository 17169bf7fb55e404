import fastifyMultipart from '@fastify/multipart'
import { type App, buildApp, type Limits } from '@synap/http'
import type { Pool } from '@synap/postgres'
import type { Logger } from '@synap/telemetry'
import { createAuthenticate } from './authenticate.ts'
import { createKeyUse } from './key-use.ts'
import type { Operator } from './operator.ts'
import { registerAttachmentRoutes } from './routes/attachments.ts'
import { registerBatchRoute } from './routes/batch.ts'
import { registerChangeRoutes } from './routes/changes.ts'
import { registerContentRoute } from './routes/content.ts'
import { type EntityRouteDependencies, registerEntityRoutes } from './routes/entities.ts'
import { registerInternalRoutes } from './routes/internal.ts'
import { registerKeyRoutes } from './routes/keys.ts'
import { registerObjectRoutes } from './routes/objects.ts'
import { registerOperateRoutes } from './routes/operate.ts'
import { registerRelationRoutes } from './routes/relations.ts'
import { registerTagRoutes } from './routes/tags.ts'
import { registerUndoRoutes } from './routes/undo.ts'
import { registerUploadRoutes, type UploadRouteDependencies } from './routes/uploads.ts'
import type { SchemaBook } from './schema-book.ts'

export interface ServerDependencies extends EntityRouteDependencies, UploadRouteDependencies {
  pool: Pool
  logger: Logger
  schemas: SchemaBook
  operator: Operator
  httpLimits?: Limits
}

const description = `Takes writes. Every answer to a write carries the \`sequence\` it led to: pass it to a read of the
query service as \`min_sequence\` to see it there.

Send an \`Idempotency-Key\` with every write but the making of API keys (a key is told once), and send a request again
with the same one after a 503 or a broken connection: it has its effect once.`

/** Longer than the answer that an upload is late takes to be sent. */
const lateAnswerMs = 5_000

/** The API of ingest, built without listening. */
export async function buildServer(dependencies: ServerDependencies): Promise<App> {
  const { pool, logger, schemas } = dependencies
  const keyUse = createKeyUse({ pool, logger })
  const app = await buildApp({
    service: 'ingest',
    logger,
    authenticate: createAuthenticate(pool, keyUse.note),
    info: { title: 'Synap: ingest', version: '1', description },
    socketTimeouts: { request: dependencies.uploadTimeoutMs + lateAnswerMs },
    ...(dependencies.httpLimits && { limits: dependencies.httpLimits }),
  })
  await app.register(fastifyMultipart)
  app.addHook('onClose', () => keyUse.close())
  registerEntityRoutes(app, dependencies)
  registerBatchRoute(app, dependencies)
  registerChangeRoutes(app, dependencies)
  registerTagRoutes(app, dependencies)
  registerRelationRoutes(app, dependencies)
  registerUndoRoutes(app, dependencies)
  registerContentRoute(app, dependencies)
  registerUploadRoutes(app, dependencies)
  registerAttachmentRoutes(app, dependencies)
  registerObjectRoutes(app, dependencies)
  registerKeyRoutes(app, pool)
  registerInternalRoutes(app, { pool, schemas, onKeyUse: keyUse.note })
  registerOperateRoutes(app, dependencies.operator)
  return app
}
