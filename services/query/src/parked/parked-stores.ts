import type { ParkingConsumer } from '@synap/contracts'
import { parkingConsumers } from '@synap/contracts'
import { errorClass, sha256Hex } from '@synap/core'
import { type Client, operatorRole, type Pool, transaction } from '@synap/postgres'
import type { FastifyRequest } from 'fastify'
import { findFollowedSchemas, findParkedGroups, type GroupRow } from '../sql/parked.ts'

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

  const schemasOf = async (client: Client, consumer: ParkingConsumer): Promise<readonly string[]> => {
    if (consumer === 'events-writer') return ['log']
    return consumer === 'enricher' ? ['enrich'] : findFollowedSchemas(client)
  }

  const groupsOf = async (client: Client, consumer: ParkingConsumer, closed: boolean) => {
    const found: FoundGroup[] = []
    for (const [at, schema] of (await schemasOf(client, consumer)).entries()) {
      const rows = await findParkedGroups(client, schema, closed)
      // what only a second read model has parked is a group of its own, until that one is read
      const store = at === 0 ? consumer : schema
      found.push(...rows.map((row) => ({ id: groupIdOf(store, row), consumer, schema, row })))
    }
    return found
  }

  return {
    run,
    async groups(request, closed, only) {
      const found: Groups = { groups: [], unknown: [] }
      for (const consumer of only === undefined ? parkingConsumers : [only]) {
        try {
          found.groups.push(...(await run(request, (client) => groupsOf(client, consumer, closed), true)))
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

/** The same for the same store, kind, reason and cause: 12 hexadecimal characters. */
export function groupIdOf(
  store: string,
  { slot, reason, cause }: Pick<GroupRow, 'slot' | 'reason' | 'cause'>,
): string {
  return sha256Hex(JSON.stringify([store, slot, reason, cause])).slice(0, 12)
}
