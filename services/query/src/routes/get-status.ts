import { entityParams, readQuery, statusResponse } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import { type App, principalOf, problem, requires } from '@synap/http'
import type { Pool } from '@synap/postgres'
import { answerRead } from '../answer-read.ts'
import { ask, orUnknown } from '../ask-owners.ts'
import { toModelCost } from '../enrichment-view.ts'
import type { ReadModel } from '../read-model.ts'
import { findItemCost } from '../sql/enrichment.ts'
import { findPosition, type Position } from '../sql/find-position.ts'
import { findLogStatus, findReadStatus, findStepStatuses, findWriteStatus } from '../sql/find-statuses.ts'
import { currentSteps, isComplete, stagesOf } from '../stages.ts'
import { workOf } from '../work-of.ts'

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
      answerRead(readModel, request, reply, async ({ client, schema, position }) =>
        withReason(await findReadStatus(client, schema, id), position, id),
      ),
    )
    const log = await orUnknown(request, () =>
      ask(pool, request, async (client) => {
        const told = await findLogStatus(client, id)
        if (told === undefined || told.parked === 0) return told
        return withReason(told, await findPosition(client, 'log', principalOf(request).userId), id)
      }),
    )
    const enrich = await orUnknown(request, () =>
      ask(pool, request, async (client) => ({
        steps: await findStepStatuses(client, id),
        cost: await findItemCost(client, id),
      })),
    )
    const steps = enrich === 'unknown' ? enrich : enrich.steps
    const stages = stagesOf({ write, log, read, steps })
    return {
      id: id satisfies EntityId,
      version: write.version,
      sequence: write.sequence,
      stages,
      work: steps === 'unknown' ? null : workOf(currentSteps(write, read, steps)),
      cost: enrich === 'unknown' || enrich.cost === undefined ? null : toModelCost(enrich.cost),
      complete: isComplete(stages),
    }
  })
}

/** With the reason of the first of its events that is parked, when one is. */
function withReason<S extends { parked: number }>(
  status: S | undefined,
  { parked }: Position,
  id: EntityId,
): (S & { parkedFor?: string }) | undefined {
  const slot = parked.find(({ aggregateId }) => aggregateId === id)
  return status === undefined || slot === undefined ? status : { ...status, parkedFor: slot.reason }
}
