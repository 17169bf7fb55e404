import { createTestDatabase, eventually, type TestDatabase } from '@synap/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createPool, type Listener, listen, type Pool, query } from './index.ts'

describe('listen', () => {
  let database: TestDatabase
  let pool: Pool
  let listener: Listener | undefined
  let heard: string[] = []
  beforeAll(async () => {
    database = await createTestDatabase()
    pool = createPool({ url: database.url, applicationName: 'test' })
  }, 600_000)
  afterEach(async () => {
    await listener?.close()
    heard = []
  })
  afterAll(async () => {
    await pool?.end()
    await database?.close()
  })

  const start = (
    url: string | undefined,
    more: { pollMs?: number; onDisconnect?: (reason: string) => void } = {},
  ) =>
    (listener = listen({
      url,
      applicationName: 'listener',
      channels: ['log_positions', 'read_positions'],
      onNotify: (channel) => heard.push(channel),
      pollMs: 60_000,
      ...more,
    }))
  const count = (channel: string) => heard.filter((name) => name === channel).length

  it('given a connection, each channel is told once at the start and then per notification', async () => {
    const started = start(database.url)
    await eventually('it is connected', () => started.connected())
    expect(heard.toSorted()).toEqual(['log_positions', 'read_positions'])
    await query(pool, { text: 'notify read_positions' })
    await eventually('the notification came', () => count('read_positions') === 2)
    expect(count('log_positions')).toBe(1)
  })

  it('given a connection that is killed, it reconnects and tells each channel, as one may have been missed', async () => {
    const lost: string[] = []
    const started = start(database.url, { onDisconnect: (reason) => lost.push(reason) })
    await eventually('it is connected', () => started.connected())
    await database.superuserSql(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'listener'`,
    )
    await eventually(
      'it is connected again',
      () => lost.length > 0 && started.connected() && count('log_positions') >= 2,
    )
    await query(pool, { text: 'notify log_positions' })
    await eventually('the notification came', () => count('log_positions') >= 3)
    expect(lost.length).toBeGreaterThan(0)
  })

  it('given no direct address, or a server that is away, it polls', async () => {
    start(undefined, { pollMs: 5 })
    await eventually('it polled', () => count('read_positions') > 3)
    await listener?.close()
    heard = []
    const away = start('postgres://x@127.0.0.1:1/x', { pollMs: 5 })
    await eventually('it polled', () => count('read_positions') > 3)
    expect(away.connected()).toBe(false)
  })

  it('given a close, it ends and calls nobody any more', async () => {
    const started = start(database.url, { pollMs: 1 })
    await eventually('it is connected', () => started.connected())
    await started.close()
    const before = heard.length
    await query(pool, { text: 'notify read_positions' })
    await query(pool, { text: 'select pg_sleep(0.05)' })
    expect(heard.length).toBe(before)
  })
})
