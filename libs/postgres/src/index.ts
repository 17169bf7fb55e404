export { type Capabilities, capabilitiesOf, serverCapabilities } from './capabilities.ts'
export { type CopyColumn, type CopyField, type CopyRows, copyBinary, createCopyRows } from './copy-binary.ts'
export type { CopyType } from './copy-encode.ts'
export { dumpSchema } from './dump-schema.ts'
export { isConnectionLost, isSerializationFailure, mapPostgresError, sqlstateOf } from './error.ts'
export { findGenerations } from './generations.ts'
export { type Listener, type ListenOptions, listen } from './listen.ts'
export { assertMigrated, type MigrateOptions, type MigrationReport, migrate } from './migrate.ts'
export {
  type Extension,
  type Ownership,
  operatorRole,
  ownership,
  queryRole,
  roles,
  type SchemaOwner,
} from './ownership.ts'
export { answered, awaitAtCommit, sent } from './pipeline.ts'
export { type Client, createPool, type Pool, type PoolOptions } from './pool.ts'
export { execute, query, type Statement } from './query.ts'
export { type SingleOptions, type SingleStatement, single } from './single.ts'
export { type Principal, type TransactionOptions, transaction } from './transaction.ts'
export { fromHalfvec, toHalfvec, toTimestamptz, toUuids, toVector } from './types.ts'
