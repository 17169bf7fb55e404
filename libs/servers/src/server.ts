import type { Report } from './cache/cache.ts'

/** The four servers Synap stands on, in the order in which they can be started. */
export const serverKinds = ['postgres', 'kafka', 'registry', 'object-store'] as const
export type ServerKind = (typeof serverKinds)[number]

/** TCP ports on 127.0.0.1. */
export interface ServerPorts {
  postgres: number
  kafka: number
  /** Kafka's controller talks to itself here. */
  kafkaController: number
  registry: number
  registryManagement: number
  objectStore: number
}

/** Made at random at the first start, kept with the data. */
export interface ServerSecrets {
  /** Password of the login role `synap`. */
  databasePassword: string
  /** Password of the login role `registry`, which owns the registry's own database. */
  registryPassword: string
  s3AccessKeyId: string
  s3SecretAccessKey: string
}

export interface ServerSettings {
  ports: ServerPorts
  secrets: ServerSecrets
  /** Data of all servers; one folder each below. */
  dataFolder: string
  logFolder: string
  /**
   * - `durable`: keeps data through a power cut.
   * - `test`: no fsync, short sessions.
   */
  mode: 'durable' | 'test'
  /** The servers end with the process that starts them, however it ends (containers: do not). */
  bound: boolean
  /** Port that Kafka tells its clients to use, when it is not its own: that of a proxy in front of it. */
  advertisedKafkaPort?: number
}

/** What is needed to find a server again from another process, and to stop exactly that one. */
export type ServerRecord = {
  name: ServerKind
  provider: string
  ports: number[]
  log: string
  /** Milliseconds since 1970. */
  started: number
} & ({ type: 'process'; pid: number; startedAt: string } | { type: 'container'; container: string })

export interface ServerProvider {
  readonly name: 'native' | 'docker'
  /** Why it cannot work here, or undefined. Quick; changes nothing. */
  obstacle(signal?: AbortSignal): Promise<string | undefined>
  /** Gets everything these servers need onto the machine: builds, downloads or pulls what is not cached. */
  prepare(kinds: readonly ServerKind[], report: Report, signal?: AbortSignal): Promise<void>
  /** Starts one server and returns without waiting until it answers. */
  launch(kind: ServerKind, settings: ServerSettings): Promise<ServerRecord>
  isRunning(record: ServerRecord): Promise<boolean>
  /** Ends the server in order; after its deadline by force. */
  stop(record: ServerRecord): Promise<void>
  /** SIGKILL, SIGSTOP, SIGCONT for the tests of crashes and hangs. */
  signal(record: ServerRecord, signal: NodeJS.Signals): Promise<void>
  /** Runs SQL as the superuser of the running Postgres server and returns rows as lines, fields divided by `|`. */
  superuserSql(settings: ServerSettings, database: string, sql: string): Promise<string[]>
  /** The last lines the server said. */
  logTail(record: ServerRecord, lines: number): Promise<string>
  /** As SIGKILL, but done when it returns: for the last moment of a process, in which nothing can be awaited. */
  killNow(record: ServerRecord): void
  /** Removes what the servers keep outside the data folder; they must have been stopped. */
  wipe(settings: ServerSettings): Promise<void>
}
