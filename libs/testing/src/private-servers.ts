import type { ServerAddresses, ServerKind } from '@synap/servers'
import { inject } from 'vitest'
import { chooseTestProvider } from './choose-provider.ts'
import { createServerSet, type ServerSet } from './server-set.ts'
import { createTcpProxy, type TcpProxy } from './tcp-proxy.ts'

export interface PrivateServers extends AsyncDisposable {
  /** Addresses as a service reads them from its environment; all servers listed, running or not. */
  env: ServerAddresses
  /** Starts servers of this set (again, with their data and on their ports) and resolves when they answer. */
  start(...kinds: ServerKind[]): Promise<void>
  /** Ends one: in order, or with SIGKILL. */
  stop(kind: ServerKind, how?: 'in-order' | 'killed'): Promise<void>
  /** SIGSTOP and SIGCONT make a server hang and go on. */
  signal(kind: ServerKind, signal: NodeJS.Signals): Promise<void>
  superuserSql(database: string, sql: string): Promise<string[]>
  close(): Promise<void>
}

/** Servers of one test alone, for crashes and outages that would disturb the others. Close them at the end. */
export async function startPrivateServers(...kinds: ServerKind[]): Promise<PrivateServers> {
  const set = await createServerSet(await chooseTestProvider(), { parentFolder: runFolder() })
  return started(set, kinds, () => set.close())
}

export interface PrivateBroker extends PrivateServers {
  /** All clients reach the broker through this, also after asking it for its address. */
  proxy: TcpProxy
  startBroker(): Promise<void>
  stopBroker(how?: 'in-order' | 'killed'): Promise<void>
}

/** A Kafka of one test alone, behind a proxy whose port it tells its clients. */
export async function startPrivateBroker(): Promise<PrivateBroker> {
  const provider = await chooseTestProvider()
  // The broker must know the proxy's port before it starts, the proxy the broker's: so the proxy comes first.
  const target = { port: 0 }
  const proxy = await createTcpProxy(() => target.port)
  const set = await createServerSet(provider, {
    advertisedKafkaPort: proxy.port,
    parentFolder: runFolder(),
  })
  target.port = set.settings.ports.kafka
  const close = async () => {
    await proxy.close()
    await set.close()
  }
  try {
    const servers = await started(set, ['kafka'], close)
    return {
      ...servers,
      proxy,
      startBroker: () => servers.start('kafka'),
      stopBroker: (how = 'killed') => servers.stop('kafka', how),
    }
  } catch (error) {
    await proxy.close()
    throw error
  }
}

const runFolder = () => inject('synapCoordinator').folder

async function started(
  set: ServerSet,
  kinds: readonly ServerKind[],
  close: () => Promise<void>,
): Promise<PrivateServers> {
  try {
    await set.ensure(kinds)
  } catch (error) {
    await set.close()
    throw error
  }
  return {
    env: set.addresses,
    start: (...more) => set.ensure(more),
    stop: (kind, how) => set.stop(kind, how),
    signal: (kind, signal) => set.signal(kind, signal),
    superuserSql: (database, sql) => set.superuserSql(database, sql),
    close,
    [Symbol.asyncDispose]: close,
  }
}
