import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ServerSettings } from '../server.ts'
import { java } from './java.ts'
import type { Launch } from './launch.ts'

/** Settings of Apicurio Registry with its store in Postgres, in a database and under a role of its own. */
export function registryEnvironment(settings: ServerSettings): Record<string, string> {
  return {
    APICURIO_STORAGE_KIND: 'sql',
    APICURIO_STORAGE_SQL_KIND: 'postgresql',
    APICURIO_DATASOURCE_URL: `jdbc:postgresql://127.0.0.1:${settings.ports.postgres}/registry`,
    APICURIO_DATASOURCE_USERNAME: 'registry',
    APICURIO_DATASOURCE_PASSWORD: settings.secrets.registryPassword,
    APICURIO_DATASOURCE_JDBC_INITIAL_SIZE: '2',
    APICURIO_DATASOURCE_JDBC_MIN_SIZE: '2',
    APICURIO_DATASOURCE_JDBC_MAX_SIZE: '10',
  }
}

/** The command that runs the registry; needs Postgres with the database `registry`. */
export function registryLaunch(rootfs: string, folder: string, settings: ServerSettings): Launch {
  const { registry, registryManagement } = settings.ports
  const temporary = join(settings.dataFolder, 'registry')
  mkdirSync(temporary, { recursive: true, mode: 0o700 })
  const env = {
    ...registryEnvironment(settings),
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
