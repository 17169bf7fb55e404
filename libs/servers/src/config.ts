import { homedir } from 'node:os'
import { join } from 'node:path'

/** What this library takes from the environment; nothing else in it reads `process.env`. */
export interface ServersConfig {
  /** Where downloads and built root file systems are kept, outside the checkout. */
  cacheRoot: string
  /** The person's Maven settings, which may name a mirror of Maven Central. */
  mavenSettings: string
  /** What child processes inherit: the whole environment. */
  environment: NodeJS.ProcessEnv
}

export function serversConfig(environment: NodeJS.ProcessEnv = process.env): ServersConfig {
  const cacheHome = environment['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return {
    cacheRoot: join(cacheHome, 'synap'),
    mavenSettings: join(homedir(), '.m2', 'settings.xml'),
    environment,
  }
}
