export { type ServerAddresses, serverAddresses } from './addresses.ts'
export type { Report } from './cache/cache.ts'
export { withLock } from './cache/lock.ts'
export { type Choice, type ChooseOptions, chooseProvider } from './choose-provider.ts'
export { type ServersConfig, serversConfig } from './config.ts'
export { type BucketAccess, createBucket } from './create-bucket.ts'
export { createExtensions, initDatabases } from './database.ts'
export { createDockerCli, type DockerCli } from './docker/cli.ts'
export { type ContainerSpec, containerSpecs } from './docker/containers.ts'
export { containerName, containerRecord, createDockerProvider, setName } from './docker/provider.ts'
export { imageExists } from './docker/pull.ts'
export { probeServer } from './health.ts'
export { images } from './images.ts'
export { createKafkaTools, type KafkaTools } from './native/kafka-tools.ts'
export { createPostgresTools, type PostgresTools } from './native/postgres-tools.ts'
export { createNativeProvider } from './native/provider.ts'
export { freePorts, freeServerPorts } from './ports.ts'
export { identify, isRunning, type ProcessIdentity, signalProcess } from './process/identity.ts'
export { residentBytes } from './process/memory.ts'
export { stopProcess } from './process/stop.ts'
export { tail } from './process/tail.ts'
export { createSecrets } from './secrets.ts'
export {
  type ServerKind,
  type ServerPorts,
  type ServerProvider,
  type ServerRecord,
  type ServerSecrets,
  type ServerSettings,
  serverKinds,
} from './server.ts'
export { type DownOptions, down } from './stack/down.ts'
export {
  compileCache,
  type LaunchOptions,
  launchOptionsOf,
  rebuildLaunchOptions,
} from './stack/launch-options.ts'
export { type StackLayout, stackLayout } from './stack/layout.ts'
export { defaultStackPorts, type PortName, parsePortOption, portNames } from './stack/ports.ts'
export { findKey } from './stack/prepare.ts'
export { formatDuration, type Progress } from './stack/progress.ts'
export { type ServiceName, serviceNames } from './stack/services.ts'
export { type PartStatus, type StackStatus, status } from './stack/status.ts'
export { type UpOptions, type UpResult, up } from './stack/up.ts'
export { type StartServersOptions, startServers, waitUntilReady } from './start-servers.ts'
