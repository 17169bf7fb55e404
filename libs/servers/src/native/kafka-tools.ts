import { join } from 'node:path'
import { cached, type Report } from '../cache/cache.ts'
import { download } from '../cache/download.ts'
import type { ServersConfig } from '../config.ts'
import { runChecked } from '../process/run.ts'
import { versions } from '../versions.ts'
import { ensureKafkaJars } from './jars.ts'
import { mavenRepository } from './maven.ts'
import { type BuildContext, ensureRootfs } from './rootfs.ts'
import { sandboxArguments, sandboxEnvironment } from './sandbox.ts'

/** Kafka's own command line programs, which the broker does without. */
export interface KafkaTools {
  /** Runs one, `org.apache.kafka.tools.ProducerPerformance`, to its end; what it printed. Rejects when it fails. */
  run(className: string, args: readonly string[], signal?: AbortSignal): Promise<string>
}

const toolsJar = {
  path: `org/apache/kafka/kafka-tools/${versions.kafka}/kafka-tools-${versions.kafka}.jar`,
  sha256: '62f3c5dd7aa3442d4c5bc6a95f86e2502178ea09de8e27f74d9563bf955e253c',
}

/** The tools of the broker's version, on the machine's network (Debian, as root: see the native provider). */
export async function createKafkaTools(config: ServersConfig, report: Report): Promise<KafkaTools> {
  const context: BuildContext = { cacheRoot: config.cacheRoot, report, signal: undefined }
  const repository = mavenRepository(config.mavenSettings, config.environment)
  const rootfs = await ensureRootfs(context)
  const jars = await ensureKafkaJars(context, repository)
  const tools = await cached(
    context.cacheRoot,
    {
      name: `kafka-tools-${versions.kafka}`,
      build: async (folder) => {
        const { url, authorization } = repository
        const access = authorization === undefined ? {} : { authorization }
        const file = join(folder, 'kafka-tools.jar')
        await download({ url: `${url}/${toolsJar.path}`, sha256: toolsJar.sha256, file, ...access })
      },
    },
    context,
  )
  const sandbox = { rootfs, readOnly: { '/mnt/kafka': jars, '/mnt/tools': tools } }
  // Both compilers, unlike the servers: these programs are to show what is possible.
  const java = ['/usr/bin/java', '-Xmx512m', '-XX:+UseSerialGC', '-cp', '/mnt/kafka/*:/mnt/tools/*']
  return {
    run: (className, args, signal) =>
      runChecked(className, 'bwrap', [...sandboxArguments(sandbox), ...java, className, ...args], {
        env: sandboxEnvironment(sandbox),
        signal,
      }),
  }
}
