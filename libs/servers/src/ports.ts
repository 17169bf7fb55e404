import { createServer } from 'node:net'
import type { ServerPorts } from './server.ts'

const names: readonly (keyof ServerPorts)[] = [
  'postgres',
  'kafka',
  'kafkaController',
  'registry',
  'registryManagement',
  'objectStore',
]

/** Ports that are free now. The system gives them out in turn, so soon after they are still free. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listen))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

export async function freeServerPorts(): Promise<ServerPorts> {
  const ports = await freePorts(names.length)
  return Object.fromEntries(names.map((name, index) => [name, ports[index]])) as unknown as ServerPorts
}

function listen(): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}
