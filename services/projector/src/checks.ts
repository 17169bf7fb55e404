import { SynapError } from '@synap/core'
import type { Consumer, SchemaRegistry } from '@synap/messaging'
import type { ObjectStore } from '@synap/object-store'
import { type Pool, query } from '@synap/postgres'
import type { Health } from '@synap/runtime'

export interface Checked {
  pool: Pool
  /** A consumer of the active read model; undefined while it is not followed here. */
  consumer: (name: 'events' | 'derived') => Consumer | undefined
  registry: Pick<SchemaRegistry, 'ping'>
  store: Pick<ObjectStore, 'check'>
}

const notFollowed = {
  ready: false,
  state: 'idle',
  reason: 'the active read model is not followed yet',
} as const

/** What has to hold before the projector counts as ready, each under the name that /readyz shows. */
export function addChecks(health: Health, { pool, consumer, registry, store }: Checked): void {
  health.ready('database', () => query(pool, { text: 'select 1' }))
  for (const name of ['events', 'derived'] as const) {
    health.ready(name, async () => {
      const { ready, state, reason } = consumer(name)?.health() ?? notFollowed
      if (ready) return
      throw new SynapError(reason ?? 'the consumer does not run', {
        code: `consumer.${state}`,
        class: 'dependency',
      })
    })
    health.live(name, () => consumer(name)?.health().state !== 'crashed')
  }
  let answered = false
  // Schemas once read stay in memory: an outage after the start stops nothing but new ones.
  health.ready('schema-registry', async () => {
    if (!answered) await registry.ping()
    answered = true
  })
  health.ready('object-store', (signal) => store.check(signal))
}
