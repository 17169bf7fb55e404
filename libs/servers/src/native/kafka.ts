import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from '../cache/cache.ts'
import { runChecked } from '../process/run.ts'
import type { ServerPorts, ServerSettings } from '../server.ts'
import { kafkaHeapMb, kafkaSettings } from '../settings/kafka.ts'
import { versions } from '../versions.ts'
import { java } from './java.ts'
import type { Launch } from './launch.ts'
import type { BuildContext } from './rootfs.ts'
import { type Sandbox, sandboxArguments, sandboxEnvironment } from './sandbox.ts'

/** One node is broker and controller; the id only has to stay the same. */
const clusterId = 'c3luYXAtb25lLW5vZGUtMQ'

const classPath = '/mnt/kafka/*'

export interface KafkaFolders {
  rootfs: string
  jars: string
  template: string
}

/** The properties of a one-node broker (KRaft) on 127.0.0.1; paths as seen inside the sandbox. */
export function kafkaProperties(
  ports: Pick<ServerPorts, 'kafka' | 'kafkaController'>,
  mode: ServerSettings['mode'],
  advertisedPort = ports.kafka,
): string {
  const properties: Record<string, string> = {
    ...kafkaSettings(mode),
    'controller.quorum.voters': `1@127.0.0.1:${ports.kafkaController}`,
    listeners: `PLAINTEXT://127.0.0.1:${ports.kafka},CONTROLLER://127.0.0.1:${ports.kafkaController}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${advertisedPort}`,
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': '/srv/log',
  }
  return `${Object.entries(properties)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`
}

const loggingProperties = `status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %m (%c{1})%n%xEx
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
`

/** A formatted, empty log folder: copying it takes milliseconds, formatting a second and a half. */
export function ensureKafkaTemplate(
  context: BuildContext,
  folders: Pick<KafkaFolders, 'rootfs' | 'jars'>,
): Promise<string> {
  return cached(
    context.cacheRoot,
    {
      name: `kafka-template-${versions.kafka}-1`,
      build: async (folder) => {
        context.report('formatting an empty Kafka log')
        writeFileSync(
          join(folder, 'server.properties'),
          kafkaProperties({ kafka: 1, kafkaController: 2 }, 'durable'),
        )
        const sandbox = {
          rootfs: folders.rootfs,
          readOnly: { '/mnt/kafka': folders.jars },
          writable: { '/srv': folder },
        }
        const command = [...java({ heapMb: 128 }), '-cp', classPath, 'kafka.tools.StorageTool', 'format']
        command.push('--cluster-id', clusterId, '--config', '/srv/server.properties')
        await runChecked(
          'formatting an empty Kafka log',
          'bwrap',
          [...sandboxArguments(sandbox), ...command],
          {
            env: sandboxEnvironment(sandbox),
            signal: context.signal,
          },
        )
        const meta = join(folder, 'log', 'meta.properties')
        const lines = readFileSync(meta, 'utf8').split('\n')
        // Each copy is a folder of its own and gets its own id at the first start.
        writeFileSync(meta, lines.filter((line) => !line.startsWith('directory.id')).join('\n'))
        rmSync(join(folder, 'server.properties'))
      },
    },
    context,
  )
}

/** The command that runs Kafka, after copying the formatted template when there is no data yet. */
export function kafkaLaunch(folders: KafkaFolders, settings: ServerSettings): Launch {
  const data = join(settings.dataFolder, 'kafka')
  if (!existsSync(join(data, 'log', 'meta.properties'))) {
    mkdirSync(data, { recursive: true, mode: 0o700 })
    cpSync(join(folders.template, 'log'), join(data, 'log'), { recursive: true })
  }
  writeFileSync(
    join(data, 'server.properties'),
    kafkaProperties(settings.ports, settings.mode, settings.advertisedKafkaPort),
  )
  writeFileSync(join(data, 'log4j2.properties'), loggingProperties)
  const sandbox: Sandbox = {
    rootfs: folders.rootfs,
    readOnly: { '/mnt/kafka': folders.jars },
    writable: { '/srv': data },
  }
  const command = [...java({ heapMb: kafkaHeapMb(settings.mode) }), '-cp', classPath]
  command.push('-Dlog4j2.configurationFile=/srv/log4j2.properties', 'kafka.Kafka', '/srv/server.properties')
  const ports = [settings.ports.kafka, settings.ports.kafkaController]
  return { sandbox, command, ports }
}
