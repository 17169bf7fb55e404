import { entityParams, readQuery, statusResponse } from '@synap/contracts'
import { type EntityId, errorClass } from '@synap/core'
import { type App, principalOf, problem, requires } from '@synap/http'
import { type Client, type Pool, queryRole, transaction } from '@synap/postgres'
import type { FastifyRequest } from 'fastify'
import { answerRead } from '../answer-read.ts'
import type { ReadModel } from '../read-model.ts'
import { findLogStatus, findReadStatus, findStepStatuses, findWriteStatus } from '../sql/find-statuses.ts'
import { isComplete, stagesOf, type Told } from '../stages.ts'

/**
 * `GET /v1/entities/{id}/status`: answers at once after the 201, from what each owner publishes. An owner that cannot be
 * asked now leaves its stages `unknown`.
 */
export function registerGetStatus(app: App, { readModel, pool }: { readModel: ReadModel; pool: Pool }): void {
  const schema = {
    summary: 'How far an entity has come',
    params: entityParams,
    querystring: readQuery,
    response: { 200: statusResponse },
  }
  app.get('/v1/entities/:id/status', { schema, config: requires('read') }, async (request, reply) => {
    const { id } = request.params
    const write = await ask(pool, request, (client) => findWriteStatus(client, id))
    if (write === undefined) throw problem('notFound')
    const read = await orUnknown(request, () =>
      answerRead(readModel, request, reply, ({ client, schema }) => findReadStatus(client, schema, id)),
    )
    const log = await orUnknown(request, () => ask(pool, request, (client) => findLogStatus(client, id)))
    const steps = await orUnknown(request, () => ask(pool, request, (client) => findStepStatuses(client, id)))
    const stages = stagesOf({ write, log, read, steps })
    return {
      id: id satisfies EntityId,
      version: write.version,
      sequence: write.sequence,
      stages,
      complete: isComplete(stages),
    }
  })
}

function ask<T>(pool: Pool, request: FastifyRequest, work: (client: Client) => Promise<T>): Promise<T> {
  const { userId } = principalOf(request)
  return transaction(pool, { role: queryRole, userId }, work, { readOnly: true, signal: request.signal })
}

/** Owners may live on other servers, or not be installed: their answer is missed, not needed. */
async function orUnknown<T>(request: FastifyRequest, work: () => Promise<T>): Promise<Told<T>> {
  try {
    return await work()
  } catch (error) {
    const kind = errorClass(error)
    if (request.signal.aborted || (kind !== 'dependency' && kind !== 'configuration')) throw error
    request.log.warn({ error }, 'a part of the status is unknown')
    return 'unknown'
  }
}
