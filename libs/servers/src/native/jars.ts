import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { cached } from '../cache/cache.ts'
import { download } from '../cache/download.ts'
import { runChecked } from '../process/run.ts'
import { versions } from '../versions.ts'
import type { MavenRepository } from './maven.ts'
import type { BuildContext } from './rootfs.ts'

/** Kafka's jars in one folder. The list is locked with checksums, so neither Maven nor Java is needed to get them. */
export function ensureKafkaJars(context: BuildContext, repository: MavenRepository): Promise<string> {
  return cached(
    context.cacheRoot,
    {
      name: `kafka-${versions.kafka}`,
      build: async (folder) => {
        const jars = readLock(join(import.meta.dirname, 'kafka-jars.lock'))
        context.report(`downloading Kafka ${versions.kafka} (${jars.length} jars, 44 MB)`)
        const queue = [...jars]
        const worker = async () => {
          for (let jar = queue.shift(); jar !== undefined; jar = queue.shift()) {
            await download(
              { ...fromMaven(repository, jar), file: join(folder, basename(jar.path)) },
              context.signal,
            )
          }
        }
        await Promise.all(Array.from({ length: 6 }, worker))
      },
    },
    context,
  )
}

const registryArchive = {
  path: `io/apicurio/apicurio-registry-app/${versions.registry}/apicurio-registry-app-${versions.registry}-all.tar.gz`,
  sha256: '8bc6751c76d963734224b01d5e7f84ccb3cb61c87d3bd77c36c35f10a5cbed63',
}

/** The unpacked registry, with `quarkus-run.jar` at its top. */
export function ensureRegistry(context: BuildContext, repository: MavenRepository): Promise<string> {
  return cached(
    context.cacheRoot,
    {
      name: `apicurio-registry-${versions.registry}`,
      build: async (folder) => {
        context.report(`downloading Apicurio Registry ${versions.registry} (159 MB)`)
        const archive = join(folder, 'archive.tar.gz')
        await download({ ...fromMaven(repository, registryArchive), file: archive }, context.signal)
        const app = join(folder, 'app')
        mkdirSync(app)
        await runChecked('unpacking the registry', 'tar', ['-xzf', archive, '-C', app])
        rmSync(archive)
      },
    },
    context,
  )
}

function fromMaven(repository: MavenRepository, item: { path: string; sha256: string }) {
  const access = repository.authorization === undefined ? {} : { authorization: repository.authorization }
  return { url: `${repository.url}/${item.path}`, sha256: item.sha256, ...access }
}

/** Lines of `<sha256>  <path>`, as `sha256sum` prints them; `#` begins a comment. */
function readLock(file: string): { path: string; sha256: string }[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const match = /^([0-9a-f]{64}) {2}(\S+)$/.exec(line)
      return match?.[1] === undefined || match[2] === undefined ? [] : [{ sha256: match[1], path: match[2] }]
    })
}
