import type { SynapClient } from '@synap/client'
import type { UserId } from '@synap/core'
import type { ServerAddresses } from '@synap/servers'
import type { TestService } from '@synap/testing'
import { startServicesPipeline } from './services-pipeline.ts'
import { startStandalonePipeline } from './standalone-pipeline.ts'

export type ServiceName = 'ingest' | 'events-writer' | 'projector' | 'enricher' | 'query'

export interface Account {
  userId: UserId
  apiKey: string
  client: SynapClient
}

/** What a `synap` command said and how it ended. */
export interface CommandResult {
  stdout: string
  stderr: string
  code: number
}

/** All of Synap, running for one test file and seen by nobody else. */
export interface Pipeline extends AsyncDisposable {
  env: Readonly<Record<string, string>>
  /**
   * One service of each process, in an order in which they can end one by one while captures go on: ingest last. The
   * others of the same process are the same process.
   */
  processes: readonly ServiceName[]
  /** The process that has the service. */
  service(name: ServiceName): TestService
  /** Starts that process, at the address it had before; resolves when it is ready. */
  start(name: ServiceName, env?: Record<string, string>): Promise<TestService>
  /** Ends it with a signal and resolves when it is gone. */
  end(name: ServiceName, signal?: NodeJS.Signals): Promise<void>
  /** A key for a new user. */
  createAccount(name: string, scopes?: readonly string[]): Promise<Account>
  /** Runs the `synap` command against this pipeline. */
  synap(account: Account, ...args: string[]): Promise<CommandResult>
}

export interface PipelineOptions {
  /** More environment for every process; each reads what it knows. */
  env?: Record<string, string>
  telemetry?: boolean
}

export interface ServicesPipelineOptions extends PipelineOptions {
  /** Addresses of servers of the test's own, in place of the shared ones. */
  servers?: Partial<ServerAddresses>
}

/** One of the ways to run Synap. */
export interface Way {
  way: string
  startPipeline: (options?: PipelineOptions) => Promise<Pipeline>
}

export const services: Way = { way: 'five services on real servers', startPipeline: startServicesPipeline }
export const standalone: Way = { way: 'standalone', startPipeline: startStandalonePipeline }

/** For `describe.each`: what holds in one holds in the other. */
export const ways: readonly Way[] = [services, standalone]
