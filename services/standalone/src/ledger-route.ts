import { ledgerQuery, ledgerResponse, topicName } from '@synap/contracts'
import { type App, principalOf, requires } from '@synap/http'
import { createLedgerReader } from '@synap/ledger'
import { createTurnQueue } from '@synap/messaging'
import type { Drivers } from './open-drivers.ts'

/**
 * `GET /internal/ledger`: what each store holds of the caller's user, for `synap import`. In the cluster that program
 * asks the servers themselves; here they are inside this process.
 */
export function registerLedgerRoute(app: App, { pool, store, log }: Pick<Drivers, 'pool' | 'store' | 'log'>) {
  // The log keeps a line per group and has one member of a group at a time, so one group counts, in turns.
  const counts = createTurnQueue()
  const topic = { log, name: topicName('events', ''), groupId: 'synap-ledger' }
  app.get(
    '/internal/ledger',
    {
      schema: { hide: true, querystring: ledgerQuery, response: { 200: ledgerResponse } },
      config: requires('read'),
    },
    async (request) => {
      const { signal } = request
      const reader = createLedgerReader({ pool, store, topic }, principalOf(request).userId)
      const ledger = await reader.read(signal)
      if (request.query.topic === 'false') return ledger
      return { ...ledger, topic: await counts.run(signal, () => reader.readTopic(signal)) }
    },
  )
}
