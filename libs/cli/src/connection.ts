import { createClient, type SynapClient } from '@synap/client'
import type { Command } from 'commander'
import { CommandError } from './command-error.ts'
import { readStackEnv, stackEnvFile } from './stack-environment.ts'

/** Where a command finds Synap: flags first, then the environment, then what `synap up` wrote. */
export interface Connection {
  ingestUrl: string
  queryUrl: string
  apiKey: string
  /** The environment with what `synap up` wrote under it: the addresses of the servers, when they are known here. */
  env: Readonly<Record<string, string | undefined>>
  /** `flags`, `environment` or the path of the file. */
  from: string
}

export interface ConnectionFlags {
  ingestUrl?: string
  queryUrl?: string
  apiKey?: string
}

/** Adds the flags every command that talks to Synap takes. */
export function withConnection(command: Command): Command {
  return command
    .option('--ingest-url <url>', 'address of ingest (SYNAP_INGEST_URL)')
    .option('--query-url <url>', 'address of query (SYNAP_QUERY_URL)')
    .option('--api-key <key>', 'API key (SYNAP_API_KEY); a flag is seen by other users of this machine')
}

/** Finds the addresses and the key, or says what to do. */
export function findConnection(
  flags: ConnectionFlags,
  environment: NodeJS.ProcessEnv = process.env,
): Connection {
  const env = { ...readStackEnv(), ...environment }
  const ingestUrl = flags.ingestUrl ?? env['SYNAP_INGEST_URL']
  const queryUrl = flags.queryUrl ?? env['SYNAP_QUERY_URL']
  const apiKey = flags.apiKey ?? env['SYNAP_API_KEY']
  const missing = Object.entries({
    SYNAP_INGEST_URL: ingestUrl,
    SYNAP_QUERY_URL: queryUrl,
    SYNAP_API_KEY: apiKey,
  }).flatMap(([name, value]) => (value === undefined || value === '' ? [name] : []))
  if (!ingestUrl || !queryUrl || !apiKey) {
    throw new CommandError(
      `I do not know where Synap is: ${missing.join(', ')} not set.\n` +
        'Start it with ./synap up, or give --ingest-url, --query-url and --api-key.',
    )
  }
  const from = flags.ingestUrl ? 'flags' : environment['SYNAP_INGEST_URL'] ? 'environment' : stackEnvFile
  return { ingestUrl, queryUrl, apiKey, env, from }
}

/** A client for people: patient enough to outlive a restart of a service. */
export function connect(connection: Connection): SynapClient {
  return createClient({
    ingestUrl: connection.ingestUrl,
    queryUrl: connection.queryUrl,
    apiKey: connection.apiKey,
    deadlineMs: 120_000,
    attempts: 60,
  })
}
