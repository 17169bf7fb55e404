import { SynapError } from '@synap/core'
import type { Consumer, SchemaRegistry } from '@synap/messaging'
import { type Pool, query } from '@synap/postgres'
import type { Health } from '@synap/runtime'

/** What has to hold before the events-writer counts as ready, each under the name that /readyz shows. */
export function addChecks(
  health: Health,
  { pool, consumer, registry }: { pool: Pool; consumer: Consumer; registry: Pick<SchemaRegistry, 'ping'> },
): void {
  health.ready('database', () => query(pool, { text: 'select 1' }))
  health.ready('consumer', async () => {
    const { ready, state, reason } = consumer.health()
    if (ready) return
    throw new SynapError(reason ?? 'the consumer does not run', {
      code: `consumer.${state}`,
      class: 'dependency',
    })
  })
  let answered = false
  // Schemas once read stay in memory: an outage after the start stops nothing but new ones.
  health.ready('schema-registry', async () => {
    if (!answered) await registry.ping()
    answered = true
  })
  health.live('consumer', () => consumer.health().state !== 'crashed')
}
