import type { ParkingConsumer } from '@synap/contracts'
import { parkingConsumers } from '@synap/contracts'
import { errorClass, sha256Hex } from '@synap/core'
import { type Client, operatorRole, type Pool, queryRole, transaction } from '@synap/postgres'
import type { FastifyRequest } from 'fastify'
import { findActiveSchema } from '../sql/find-active-schema.ts'
import { findParkedGroups, type GroupRow } from '../sql/parked.ts'

/** A group, and where it is kept. */
export interface FoundGroup {
  id: string
  consumer: ParkingConsumer
  schema: string
  row: GroupRow
}

export interface Groups {
  groups: FoundGroup[]
  /** Consumers whose store cannot be asked now. */
  unknown: ParkingConsumer[]
}

/** What each consumer has parked, as its owner publishes it to operators. */
export interface ParkedStores {
  groups(request: FastifyRequest, closed: boolean, only?: ParkingConsumer): Promise<Groups>
  /** A transaction as an operator; query's own role may see nothing of this. */
  run<T>(request: FastifyRequest, work: (client: Client) => Promise<T>, readOnly: boolean): Promise<T>
}

export function createParkedStores(pool: Pool): ParkedStores {
  const run: ParkedStores['run'] = (request, work, readOnly) =>
    transaction(pool, { role: operatorRole }, work, { readOnly, signal: request.signal })

  const schemaOf = (request: FastifyRequest, consumer: ParkingConsumer): Promise<string> => {
    if (consumer === 'events-writer') return Promise.resolve('log')
    if (consumer === 'enricher') return Promise.resolve('enrich')
    return transaction(pool, { role: queryRole }, findActiveSchema, {
      readOnly: true,
      signal: request.signal,
    })
  }

  const groupsOf = async (request: FastifyRequest, consumer: ParkingConsumer, closed: boolean) => {
    const schema = await schemaOf(request, consumer)
    const rows = await run(request, (client) => findParkedGroups(client, schema, closed), true)
    return rows.map((row) => ({ id: groupIdOf(consumer, row), consumer, schema, row }))
  }

  return {
    run,
    async groups(request, closed, only) {
      const found: Groups = { groups: [], unknown: [] }
      for (const consumer of only === undefined ? parkingConsumers : [only]) {
        try {
          found.groups.push(...(await groupsOf(request, consumer, closed)))
        } catch (error) {
          // Owners may live on other servers, or not be installed.
          const kind = errorClass(error)
          if (request.signal.aborted || (kind !== 'dependency' && kind !== 'configuration')) throw error
          request.log.warn({ error, consumer }, 'what a consumer has parked is unknown')
          found.unknown.push(consumer)
        }
      }
      return found
    },
  }
}

/** The same for the same consumer, kind, reason and cause: 12 hexadecimal characters. */
export function groupIdOf(
  consumer: ParkingConsumer,
  { slot, reason, cause }: Pick<GroupRow, 'slot' | 'reason' | 'cause'>,
): string {
  return sha256Hex(JSON.stringify([consumer, slot, reason, cause])).slice(0, 12)
}
