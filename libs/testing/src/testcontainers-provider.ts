import {
  containerName,
  containerRecord,
  createDockerCli,
  createDockerProvider,
  imageExists,
  images,
  type ServerProvider,
  type ServersConfig,
  serverKinds,
  setName,
} from '@synap/servers'

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
      // Loading testcontainers takes half a second, which machines without Docker need not pay.
      const { buildContainer } = await import('./test-container.ts')
      if (!(await imageExists(ryukImage, config.environment))) disableRyuk()
      await docker.run('rm', '--force', containerName(settings, kind))
      await docker.createNetwork(setName(settings))
      await buildContainer(kind, settings).start()
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
