export { type ServerAddresses, serverAddresses } from './addresses.ts'
export type { Report } from './cache/cache.ts'
export { withLock } from './cache/lock.ts'
export { type ServersConfig, serversConfig } from './config.ts'
export { type BucketAccess, createBucket } from './create-bucket.ts'
export { createExtensions, initDatabases } from './database.ts'
export { probeServer } from './health.ts'
export { createNativeProvider } from './native/provider.ts'
export { defaultServerPorts, freePorts, freeServerPorts } from './ports.ts'
export { identify, isRunning, type ProcessIdentity, signalProcess } from './process/identity.ts'
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
export { type StartServersOptions, startServers, waitUntilReady } from './start-servers.ts'
