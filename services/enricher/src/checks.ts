import { SynapError } from '@synap/core'
import type { Consumer, SchemaRegistry } from '@synap/messaging'
import { type Pool, query } from '@synap/postgres'
import type { Health } from '@synap/runtime'
import type { WatchedModel } from './watch-model.ts'
import type { Workers } from './workers.ts'

interface Watched {
  pool: Pool
  consumer: Consumer
  registry: Pick<SchemaRegistry, 'ping'>
  objects: { check(signal: AbortSignal): Promise<void> }
  workers: Workers
  model: Pick<WatchedModel, 'check'>
}

/** What has to hold before the enricher counts as ready, each under the name that /readyz shows. */
export function addChecks(health: Health, watched: Watched): void {
  const { pool, consumer, registry, objects, workers, model } = watched
  health.ready('database', () => query(pool, { text: 'select 1' }))
  health.ready('object-store', (signal) => objects.check(signal))
  health.ready('consumer', async () => {
    const { ready, state, reason } = consumer.health()
    if (ready) return
    const code = `consumer.${state}`
    throw new SynapError(reason ?? 'the consumer does not run', { code, class: 'dependency' })
  })
  // Items wait for a model that is away; extraction and search by words go on without it.
  health.ready('model', () => model.check(), { needed: false })
  let answered = false
  // Schemas once read stay in memory: an outage after the start stops nothing but new ones.
  health.ready('schema-registry', async () => {
    if (!answered) await registry.ping()
    answered = true
  })
  health.live('consumer', () => consumer.health().state !== 'crashed')
  health.live('workers', () => workers.alive())
}
