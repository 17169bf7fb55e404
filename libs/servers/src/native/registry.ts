import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ServerSettings } from '../server.ts'
import { registryEnvironment } from '../settings/registry.ts'
import { java } from './java.ts'
import type { Launch } from './launch.ts'

/** The command that runs the registry; needs Postgres with the database `registry`. */
export function registryLaunch(rootfs: string, folder: string, settings: ServerSettings): Launch {
  const { registry, registryManagement } = settings.ports
  const temporary = join(settings.dataFolder, 'registry')
  mkdirSync(temporary, { recursive: true, mode: 0o700 })
  const env = {
    ...registryEnvironment(settings, `127.0.0.1:${settings.ports.postgres}`),
    QUARKUS_HTTP_HOST: '127.0.0.1',
    QUARKUS_HTTP_PORT: String(registry),
    QUARKUS_MANAGEMENT_HOST: '127.0.0.1',
    QUARKUS_MANAGEMENT_PORT: String(registryManagement),
  }
  const sandbox = {
    rootfs,
    env,
    readOnly: { '/mnt/registry': join(folder, 'app') },
    writable: { '/srv': temporary },
  }
  const command = [...java({ heapMb: 256 }), '-jar', '/mnt/registry/quarkus-run.jar']
  const ports = [registry, registryManagement]
  return { sandbox, command, ports }
}
