export {
  createEmbeddedDatabase,
  type EmbeddedDatabase,
  type EmbeddedDatabaseOptions,
  embeddedCapabilities,
} from './database/create-database.ts'
export type { SignalOptions } from './database/signals.ts'
export { type FolderLock, lockFolder } from './folder-lock.ts'
export { createLocalLog, type LocalLog, type LocalLogOptions } from './log/local-log.ts'
export { createFixedRegistry } from './registry/fixed-registry.ts'
