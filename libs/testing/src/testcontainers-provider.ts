import {
  containerName,
  containerRecord,
  containerSpecs,
  createDockerCli,
  createDockerProvider,
  imageExists,
  images,
  type ServerProvider,
  type ServersConfig,
  serverKinds,
  setName,
} from '@synap/servers'

/** Milliseconds until a container's port must answer. */
const startupMs = 90_000

/** Why testcontainers cannot start the servers here; undefined when a daemon answers and all images are there. */
export async function testcontainersObstacle(config: ServersConfig): Promise<string | undefined> {
  const obstacle = await createDockerProvider(config).obstacle()
  if (obstacle !== undefined) return obstacle
  for (const kind of serverKinds) {
    if (!(await imageExists(images[kind], config.environment)))
      return `the image ${images[kind]} is not there`
  }
  return undefined
}

/**
 * The Docker provider for tests: containers come from testcontainers, which removes them (through its helper Ryuk, where
 * that image is there) also after a crash of the tests. Everything else is the Docker provider's.
 */
export function createTestcontainersProvider(config: ServersConfig): ServerProvider {
  const docker = createDockerCli(config.environment)
  return {
    ...createDockerProvider(config),
    launch: async (kind, settings) => {
      // Loading it takes half a second, which machines without Docker need not pay.
      const { GenericContainer, Wait } = await import('testcontainers')
      if (!(await imageExists(ryukImage, config.environment))) disableRyuk()
      await docker.createNetwork(setName(settings))
      const spec = containerSpecs[kind](settings)
      let container = new GenericContainer(spec.image)
        .withName(containerName(settings, kind))
        .withEnvironment(spec.env)
        .withExposedPorts({ container: spec.port.inside, host: spec.port.here })
        .withNetworkMode(setName(settings))
        .withNetworkAliases(kind)
        .withWaitStrategy(Wait.forListeningPorts())
        .withStartupTimeout(startupMs)
        // Named volumes, so that a server that a test stops finds its data again; `wipe` removes them.
        .withBindMounts(
          Object.entries(spec.volumes).map(([target, volume]) => {
            return { source: `${setName(settings)}-${volume}`, target }
          }),
        )
      if (spec.command.length > 0) container = container.withCommand(spec.command)
      if (spec.shmBytes > 0) container = container.withSharedMemorySize(spec.shmBytes)
      await container.start()
      return containerRecord(kind, settings)
    },
  }
}

/** The version that testcontainers 12.2 asks for. */
const ryukImage = 'testcontainers/ryuk:0.14.0'

/** Without its image, which cannot be pulled everywhere, testcontainers would refuse to start anything. */
function disableRyuk(): void {
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true'
}
