import { errorClass } from '@synap/core'
import { principalOf } from '@synap/http'
import { type Client, type Pool, queryRole, transaction } from '@synap/postgres'
import type { FastifyRequest } from 'fastify'
import type { Told } from './stages.ts'

/** Asks what an owner publishes, for the request's user. */
export function ask<T>(
  pool: Pool,
  request: FastifyRequest,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { userId } = principalOf(request)
  return transaction(pool, { role: queryRole, userId }, work, { readOnly: true, signal: request.signal })
}

/** Owners may live on other servers, or not be installed: their answer is missed, not needed. */
export async function orUnknown<T>(request: FastifyRequest, work: () => Promise<T>): Promise<Told<T>> {
  try {
    return await work()
  } catch (error) {
    const kind = errorClass(error)
    if (request.signal.aborted || (kind !== 'dependency' && kind !== 'configuration')) throw error
    request.log.warn({ error }, 'a part of the status is unknown')
    return 'unknown'
  }
}
