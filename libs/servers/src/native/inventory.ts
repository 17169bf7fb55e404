import { mkdirSync } from 'node:fs'
import type { Report } from '../cache/cache.ts'
import type { ServersConfig } from '../config.ts'
import type { ServerKind, ServerSettings } from '../server.ts'
import { ensureKafkaJars, ensureRegistry } from './jars.ts'
import { ensureKafkaTemplate, kafkaLaunch } from './kafka.ts'
import type { Launch } from './launch.ts'
import { assertSandboxWorks, ensureTools } from './machine.ts'
import { mavenRepository } from './maven.ts'
import { objectStoreLaunch } from './object-store.ts'
import { postgresLaunch } from './postgres.ts'
import { registryLaunch } from './registry.ts'
import { ensureRootfs } from './rootfs.ts'
import { ensureVersitygw } from './versitygw.ts'

/** What the native provider has in the cache, or puts there. */
export interface Inventory {
  rootfs(): Promise<string>
  /** Builds and downloads what these servers need and is not there yet, side by side. */
  fill(kinds: readonly ServerKind[]): Promise<void>
  /** How to run a server from what is there; fills first what is not. */
  launchOf(kind: ServerKind, settings: ServerSettings): Promise<Launch>
}

export function createInventory(config: ServersConfig, report: Report, signal?: AbortSignal): Inventory {
  const context = { cacheRoot: config.cacheRoot, report, signal }
  const repository = mavenRepository(config.mavenSettings, config.environment)
  const rootfs = () => ensureRootfs(context)
  const kafka = async (root: Promise<string>) => {
    const jars = await ensureKafkaJars(context, repository)
    const folders = { rootfs: await root, jars }
    return { ...folders, template: await ensureKafkaTemplate(context, folders) }
  }
  const registry = () => ensureRegistry(context, repository)
  const versitygw = () => ensureVersitygw(context, config.environment)

  const launches: Record<ServerKind, (settings: ServerSettings) => Promise<Launch>> = {
    postgres: async (settings) => postgresLaunch(await rootfs(), settings),
    kafka: async (settings) => kafkaLaunch(await kafka(rootfs()), settings),
    registry: async (settings) => registryLaunch(await rootfs(), await registry(), settings),
    'object-store': async (settings) => objectStoreLaunch(await rootfs(), await versitygw(), settings),
  }
  return {
    rootfs,
    fill: async (kinds) => {
      mkdirSync(config.cacheRoot, { recursive: true })
      await ensureTools(['bwrap', 'tar'], report)
      await assertSandboxWorks()
      const root = rootfs()
      const work: Promise<unknown>[] = [root]
      if (kinds.includes('kafka')) work.push(kafka(root))
      if (kinds.includes('registry')) work.push(registry())
      if (kinds.includes('object-store')) work.push(versitygw())
      await Promise.all(work)
    },
    launchOf: (kind, settings) => launches[kind](settings),
  }
}
