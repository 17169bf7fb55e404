import { containerName, containerSpecs, type ServerKind, type ServerSettings, setName } from '@synap/servers'
import { GenericContainer, Wait } from 'testcontainers'

/** testcontainers publishes on all addresses; what tests start is for this machine only. */
class LocalContainer extends GenericContainer {
  protected override async beforeContainerCreated(): Promise<void> {
    const bindings = (this.hostConfig.PortBindings ?? {}) as Record<string, { HostPort: string }[]>
    this.hostConfig.PortBindings = Object.fromEntries(
      Object.entries(bindings).map(([port, hosts]) => {
        return [port, hosts.map((host) => ({ ...host, HostIp: '127.0.0.1' }))]
      }),
    )
  }
}

/** One server of a set, ready to start. */
export function buildContainer(kind: ServerKind, settings: ServerSettings): GenericContainer {
  const spec = containerSpecs[kind](settings)
  const network = setName(settings)
  let container: GenericContainer = new LocalContainer(spec.image)
    .withName(containerName(settings, kind))
    .withEnvironment(spec.env)
    .withExposedPorts({ container: spec.port.inside, host: spec.port.here })
    .withNetworkMode(network)
    .withNetworkAliases(kind)
    // Whether a server is ready is asked by `startServers`, for all providers alike.
    .withWaitStrategy(Wait.forAll([]))
    // Named volumes, so that a server that a test stops finds its data again; `wipe` removes them.
    .withBindMounts(
      Object.entries(spec.volumes).map(([target, volume]) => ({ source: `${network}-${volume}`, target })),
    )
  if (spec.command.length > 0) container = container.withCommand(spec.command)
  if (spec.shmBytes > 0) container = container.withSharedMemorySize(spec.shmBytes)
  return container
}
