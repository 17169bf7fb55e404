import { createNativeProvider, type ServerProvider, serversConfig } from '@synap/servers'

/** The provider for tests on this machine; rejects with every reason when none works. */
export async function chooseTestProvider(): Promise<ServerProvider> {
  const native = createNativeProvider(serversConfig())
  const obstacle = await native.obstacle()
  if (obstacle === undefined) return native
  throw new Error(
    `integration tests need real servers, and the native provider cannot start them: ${obstacle}`,
  )
}
