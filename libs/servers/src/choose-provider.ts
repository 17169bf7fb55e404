import type { ServersConfig } from './config.ts'
import { createDockerProvider } from './docker/provider.ts'
import { createNativeProvider } from './native/provider.ts'
import { type ServerProvider, serverKinds } from './server.ts'

export interface Choice {
  provider: ServerProvider
  /** One line for a person: what was chosen and why. */
  why: string
}

export interface ChooseOptions {
  /** Named by the person: nothing else will do. */
  requested?: ServerProvider['name'] | undefined
  /** The one whose data are there from an earlier start: goes on unless another is named. */
  kept?: ServerProvider['name'] | undefined
  signal?: AbortSignal | undefined
}

/** The provider of this name, as a record of something running gives it. */
export function providerNamed(name: string, config: ServersConfig): ServerProvider {
  return name === 'docker' ? createDockerProvider(config) : createNativeProvider(config)
}

/** Docker where a daemon answers and the images are there or come within 30 s, else Debian packages. */
export async function chooseProvider(config: ServersConfig, options: ChooseOptions = {}): Promise<Choice> {
  const providers = { docker: createDockerProvider(config), native: createNativeProvider(config) }
  const named = options.requested ?? options.kept
  if (named !== undefined) {
    const provider = providers[named]
    const obstacle = await provider.obstacle(options.signal)
    const reason = options.requested === undefined ? 'as at the last start' : 'as you asked'
    if (obstacle === undefined) return { provider, why: `Servers: ${named}, ${reason}.` }
    throw new Error(`the provider ${named} (${reason}) cannot work here: ${obstacle}`)
  }
  const dockerObstacle =
    (await providers.docker.obstacle(options.signal)) ??
    (await imagesObstacle(providers.docker, options.signal))
  if (dockerObstacle === undefined) {
    return {
      provider: providers.docker,
      why: 'Servers: docker, for a daemon answers and the images are there.',
    }
  }
  const nativeObstacle = await providers.native.obstacle(options.signal)
  if (nativeObstacle === undefined) {
    return { provider: providers.native, why: `Servers: native (Debian packages), for ${dockerObstacle}.` }
  }
  throw new Error(
    `no way to run the servers here. Docker: ${dockerObstacle}. Native: ${nativeObstacle}. ` +
      'Start a Docker daemon that can pull images, or run this as root on Debian.',
  )
}

async function imagesObstacle(docker: ServerProvider, signal?: AbortSignal): Promise<string | undefined> {
  try {
    await docker.prepare(serverKinds, () => undefined, signal)
    return undefined
  } catch (error) {
    signal?.throwIfAborted()
    return error instanceof Error ? error.message : String(error)
  }
}
