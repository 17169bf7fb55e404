import { createDockerProvider, createNativeProvider, serversConfig } from '@synap/servers'

/** Why no real servers can be started here for tests, or undefined. */
export async function serversObstacle(): Promise<string | undefined> {
  const config = serversConfig()
  const docker = await createDockerProvider(config).obstacle()
  if (docker === undefined) return undefined
  const native = await createNativeProvider(config).obstacle()
  return native === undefined ? undefined : `Docker: ${docker}; Debian packages: ${native}`
}
