import { Readable } from 'node:stream'
import { type RebuildRequest, rebuildRequest } from '@synap/contracts'
import { type App, requires, streamsAnswer } from '@synap/http'
import type { Logger } from '@synap/messaging'
import { answerRebuild } from '@synap/projector/rebuild'
import { z } from 'zod'
import type { Drivers } from './open-drivers.ts'

const mediaType = 'application/x-ndjson'

/**
 * `POST /internal/rebuild`: makes the read model anew, and what else there is to do with read models, for
 * `synap rebuild`. Elsewhere a program at the database does it; here the database is inside this process.
 */
export function registerRebuildRoute(app: App, { pool }: Pick<Drivers, 'pool'>, logger: Logger): void {
  const response = {
    200: { description: 'Lines of JSON.', content: { [mediaType]: { schema: z.string() } } },
  }
  app.post(
    '/internal/rebuild',
    {
      schema: { hide: true, body: rebuildRequest, response },
      config: { ...requires('operate'), ...streamsAnswer() },
    },
    async (request, reply) => {
      const context = { pool, logger, topicPrefix: '', signal: request.signal }
      return reply
        .header('content-type', mediaType)
        .header('cache-control', 'no-store')
        .send(Readable.from(linesOf(context, request.body), { objectMode: false }) as never)
    },
  )
}

async function* linesOf(
  context: Parameters<typeof answerRebuild>[0],
  request: RebuildRequest,
): AsyncGenerator<string, void> {
  for await (const line of answerRebuild(context, request)) yield `${JSON.stringify(line)}\n`
}
