import { identify } from '@synap/servers'
import { describe, expect, it } from 'vitest'
import { startService } from './index.ts'

const program = 'libs/testing/test/small-service.ts'

describe('a service started by a test', () => {
  it('given it starts, readiness, logs and an orderly end are seen', async () => {
    const service = await startService('small', { GREETING: 'hello' }, { program })
    await service.waitReady()
    expect(service.logLines()).toEqual([{ msg: 'listening', greeting: 'hello' }])
    expect(await service.stop()).toEqual({ code: 0, signal: null })
    expect(service.logs()).toContain('stopping')
    expect(identify(service.pid)).toBeUndefined()
  })

  it('given it cannot start, waiting for it rejects at once with what it said', async () => {
    const service = await startService('small', { FAIL: 'no database' }, { program })
    await expect(service.waitReady()).rejects.toThrow(/code 78[^]*cannot start: no database/)
  })

  it('given SIGKILL, its end names the signal', async () => {
    await using service = await startService('small', {}, { program })
    await service.waitReady()
    service.kill('SIGKILL')
    expect(await service.exited).toEqual({ code: null, signal: 'SIGKILL' })
  })

  it('given secrets in the environment of the tests, the service does not see them', async () => {
    process.env['GREETING'] = 'leaked'
    try {
      await using service = await startService('small', {}, { program })
      await service.waitReady()
      expect(service.logLines()).toEqual([{ msg: 'listening' }])
    } finally {
      delete process.env['GREETING']
    }
  })
})
