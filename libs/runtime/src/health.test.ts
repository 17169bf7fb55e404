import { SynapError } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { HealthRegistry } from './health.ts'

const away = async () => {
  throw new SynapError('the broker is away', { code: 'kafka.unavailable', class: 'dependency' })
}

describe('readiness', () => {
  it('given a failing dependency that is needed, the service is not ready and the dependency is named', async () => {
    const health = new HealthRegistry()
    health.setState('ok')
    health.ready('postgres', away)
    expect(await health.readiness()).toEqual({
      ok: false,
      checks: { service: 'ok', postgres: 'kafka.unavailable' },
    })
  })

  it('given a failing dependency that the service can do without, it is ready and says what is degraded', async () => {
    const health = new HealthRegistry()
    health.setState('ok')
    health.ready('kafka', away, { needed: false })
    expect(await health.readiness()).toEqual({
      ok: true,
      checks: { service: 'ok', kafka: 'degraded: kafka.unavailable' },
    })
  })
})
