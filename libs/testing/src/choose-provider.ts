import { createNativeProvider, type ServerProvider, serversConfig } from '@synap/servers'
import { createTestcontainersProvider, testcontainersObstacle } from './testcontainers-provider.ts'

/**
 * What starts the servers of tests on this machine: testcontainers where Docker answers and the images are there, else
 * the native provider. Rejects with both reasons when neither works.
 */
export async function chooseTestProvider(): Promise<ServerProvider> {
  const config = serversConfig()
  const docker = await testcontainersObstacle(config)
  if (docker === undefined) return createTestcontainersProvider(config)
  const provider = createNativeProvider(config)
  const native = await provider.obstacle()
  if (native === undefined) return provider
  throw new Error(`integration tests need real servers. Docker: ${docker}. Native: ${native}.`)
}
