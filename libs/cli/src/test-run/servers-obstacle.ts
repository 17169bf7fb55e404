import { describeError } from '@synap/core'
import { createDockerProvider, createNativeProvider, serverKinds, serversConfig } from '@synap/servers'

/**
 * Why no real servers can be started here for tests, or undefined. Where only Docker can do it, missing images are
 * pulled now, each in a line of `tell`: the tests take what is there.
 */
export async function serversObstacle(tell: (line: string) => void): Promise<string | undefined> {
  const config = serversConfig()
  const native = await createNativeProvider(config).obstacle()
  if (native === undefined) return undefined
  const docker = createDockerProvider(config)
  const obstacle = (await docker.obstacle()) ?? (await docker.prepare(serverKinds, tell).catch(describeError))
  return typeof obstacle === 'string' ? `Docker: ${obstacle}; Debian packages: ${native}` : undefined
}
