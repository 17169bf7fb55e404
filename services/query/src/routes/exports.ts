import {
  type ExportView,
  exportParams,
  exportRequest,
  exportView,
  idempotencyKey,
  readOptions,
} from '@synap/contracts'
import type { UserId } from '@synap/core'
import { type App, principalOf, problem, requires } from '@synap/http'
import type { ObjectStore } from '@synap/object-store'
import { z } from 'zod'
import { answerRead } from '../answer-read.ts'
import type { ExportJobs } from '../exports/export-jobs.ts'
import { archiveKey, type ExportState, keptMs } from '../exports/export-state.ts'
import type { ReadModel } from '../read-model.ts'

const config = requires('read')
/** Seconds: a large archive is fetched for long, and a range of it once more. */
const linkSeconds = 3_600
const askAgainSeconds = '1'

/** `/v1/exports`: everything of the user in one archive. */
export function registerExports(
  app: App,
  { exports, eventLog, store }: { exports: ExportJobs; eventLog: ReadModel; store: ObjectStore },
): void {
  const start = {
    summary: 'Export everything of the user',
    querystring: z.strictObject(readOptions),
    body: exportRequest.nullish(),
    response: { 202: exportView },
  }
  app.post('/v1/exports', { schema: start, config }, async (request, reply) => {
    const { userId } = principalOf(request)
    const minSequence = await answerRead(eventLog, request, reply, ({ position }) =>
      Promise.resolve(position.seen),
    )
    const key = keyOf(request.headers['idempotency-key'])
    const state = await exports.start(userId, { minSequence, idempotencyKey: key })
    return reply
      .code(202)
      .headers({
        location: `/v1/exports/${state.id}`,
        'retry-after': askAgainSeconds,
        'cache-control': 'no-store',
      })
      .send(await viewOf(store, userId, state))
  })

  const get = {
    summary: 'How far an export is, and where it can be fetched',
    params: exportParams,
    response: { 200: exportView },
  }
  app.get('/v1/exports/:id', { schema: get, config }, async (request, reply) => {
    const { userId } = principalOf(request)
    const state = await exports.find(userId, request.params.id)
    if (state === undefined) throw problem('notFound')
    if (state.status === 'running') reply.header('retry-after', askAgainSeconds)
    return reply.header('cache-control', 'no-store').send(await viewOf(store, userId, state))
  })
}

function keyOf(header: string | string[] | undefined): string | null {
  if (header === undefined) return null
  const parsed = idempotencyKey.safeParse(header)
  if (parsed.success) return parsed.data
  const message = 'must be 1 to 255 visible ASCII characters'
  throw problem('validation', { errors: [{ path: 'headers.idempotency-key', message }] })
}

/** The link is made anew for each answer. */
async function viewOf(store: ObjectStore, userId: UserId, state: ExportState): Promise<ExportView> {
  const { id, status, requestedAt, finishedAt, sequence, attempt, progress, gaps, error } = state
  const time = (ms: number) => new Date(ms).toISOString()
  return {
    id,
    status,
    requestedAt: time(requestedAt),
    finishedAt: finishedAt === null ? null : time(finishedAt),
    sequence,
    attempt,
    progress,
    archive: state.status === 'done' ? await archiveOf(store, userId, state) : null,
    gaps,
    error,
  }
}

async function archiveOf(
  store: ObjectStore,
  userId: UserId,
  state: ExportState,
): Promise<ExportView['archive']> {
  if (state.archive === null) return null
  const fileName = `synap-export-${new Date(state.requestedAt).toISOString().slice(0, 10)}.zip`
  const link = store.canPresign
    ? await store.presignGet(archiveKey(userId, state), {
        expiresIn: linkSeconds,
        downloadName: fileName,
        contentType: 'application/zip',
      })
    : undefined
  return {
    ...state.archive,
    fileName,
    url: link?.url ?? null,
    urlExpiresAt: link === undefined ? null : new Date(Date.now() + linkSeconds * 1_000).toISOString(),
    keptUntil: new Date((state.finishedAt ?? state.requestedAt) + keptMs).toISOString(),
  }
}
