import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ServersConfig } from '../config.ts'
import { isRunning, signalProcess } from '../process/identity.ts'
import { stopProcess } from '../process/stop.ts'
import { tail } from '../process/tail.ts'
import type { ServerKind, ServerProvider } from '../server.ts'
import { createInventory } from './inventory.ts'
import { nativeObstacle } from './machine.ts'
import { postgresSql } from './postgres.ts'
import { startSandboxed } from './sandbox.ts'

/** SIGINT is Postgres' fast shutdown: it ends sessions and writes a checkpoint. */
const stopping: Record<ServerKind, { signal: NodeJS.Signals; deadlineMs: number }> = {
  postgres: { signal: 'SIGINT', deadlineMs: 20_000 },
  kafka: { signal: 'SIGTERM', deadlineMs: 20_000 },
  registry: { signal: 'SIGTERM', deadlineMs: 10_000 },
  'object-store': { signal: 'SIGTERM', deadlineMs: 10_000 },
}

/** Runs the servers as processes of this machine, out of a cached Debian root (Debian, as root). */
export function createNativeProvider(config: ServersConfig): ServerProvider {
  const inventory = createInventory(config, () => undefined)
  return {
    name: 'native',
    obstacle: async () => nativeObstacle(),
    prepare: (kinds, report, signal) => createInventory(config, report, signal).fill(kinds),
    launch: async (kind, settings) => {
      mkdirSync(settings.logFolder, { recursive: true })
      const { sandbox, command, ports } = await inventory.launchOf(kind, settings)
      const log = join(settings.logFolder, `${kind}.log`)
      const identity = await startSandboxed(sandbox, { command, log, dieWithParent: settings.bound })
      const base = { name: kind, provider: 'native', ports, log, started: Date.now() }
      return { ...base, type: 'process', ...identity }
    },
    isRunning: async (record) => record.type === 'process' && isRunning(record),
    stop: async (record) => {
      if (record.type === 'process') await stopProcess(record, stopping[record.name])
    },
    signal: async (record, signal) => {
      if (record.type === 'process') signalProcess(record, signal)
    },
    superuserSql: async (settings, database, sql) =>
      postgresSql(await inventory.rootfs(), settings, database, sql),
    logTail: async (record, lines) => tail(record.log, lines),
    killNow: (record) => {
      if (record.type === 'process') signalProcess(record, 'SIGKILL')
    },
    wipe: async () => undefined,
  }
}
