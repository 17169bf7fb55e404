import { createConnection } from 'node:net'
import { probeServer } from '@synap/servers'
import { describe, expect, inject, it } from 'vitest'
import { chooseTestProvider } from './choose-provider.ts'
import { eventually } from './eventually.ts'
import { startPrivateBroker, startPrivateServers } from './private-servers.ts'
import { createServerSet } from './server-set.ts'

describe('servers of one test alone', () => {
  it('given a broker that is killed, its port closes, and it comes back on the same port', async () => {
    await using broker = await startPrivateBroker()
    const { port } = broker.proxy
    expect(broker.env.KAFKA_BROKERS).toBe(`127.0.0.1:${port}`)
    await broker.stopBroker('killed')
    const ended = await new Promise((resolve) => {
      const socket = createConnection({ host: '127.0.0.1', port })
      socket.on('error', () => undefined).on('close', () => resolve('closed'))
    })
    expect(ended).toBe('closed')
    await broker.startBroker()
  })

  it('given Postgres killed and started again, what was committed is there', async () => {
    await using servers = await startPrivateServers('postgres')
    await servers.superuserSql('synap', 'create table kept (n int); insert into kept values (7);')
    await servers.stop('postgres', 'killed')
    await servers.start('postgres')
    expect(await servers.superuserSql('synap', 'select n from kept;')).toEqual(['7'])
  })

  it('given a server that hangs, its probe fails, and works again when it goes on', async () => {
    const provider = await chooseTestProvider()
    const set = await createServerSet(provider, { parentFolder: inject('synapCoordinator').folder })
    try {
      await set.ensure(['object-store'])
      await set.signal('object-store', 'SIGSTOP')
      const failure = () => probeServer(provider, 'object-store', set.settings).then(() => undefined, String)
      // A thread of it that is answering may still do so before it stands still.
      const why = await eventually('its probe fails', failure)
      expect(why).toContain('timeout')
      await set.signal('object-store', 'SIGCONT')
      await probeServer(provider, 'object-store', set.settings)
    } finally {
      await set.close()
    }
  })
})
