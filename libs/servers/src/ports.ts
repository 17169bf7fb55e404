import { randomInt } from 'node:crypto'
import { isPortFree } from './port-holder.ts'
import type { ServerPorts } from './server.ts'

const names: readonly (keyof ServerPorts)[] = [
  'postgres',
  'kafka',
  'kafkaController',
  'registry',
  'registryManagement',
  'objectStore',
]

/**
 * Below the range from which Linux and macOS take ports for outgoing connections: a server that is stopped and started
 * again finds its port free, and not taken by somebody's connection in between.
 */
const range = { from: 20_000, to: 32_000 }
const attemptsPerPort = 200

/** Different ports that are free now on 127.0.0.1, drawn at random so that two who ask at once hardly meet. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>()
  for (let attempt = 0; found.size < count; attempt += 1) {
    if (attempt > count * attemptsPerPort) {
      throw new Error(`no ${count} free ports between ${range.from} and ${range.to}`)
    }
    const port = randomInt(range.from, range.to)
    if (!found.has(port) && (await isPortFree(port))) found.add(port)
  }
  return [...found]
}

export async function freeServerPorts(): Promise<ServerPorts> {
  const ports = await freePorts(names.length)
  return Object.fromEntries(names.map((name, index) => [name, ports[index]])) as unknown as ServerPorts
}
