export {
  createEmbeddedDatabase,
  type EmbeddedDatabase,
  type EmbeddedDatabaseOptions,
  embeddedCapabilities,
} from './database/create-database.ts'
export type { SignalOptions } from './database/signals.ts'
export { type FolderLock, lockFolder } from './folder-lock.ts'
