import { createClient, type SynapClient } from '@synap/client'
import type { Command } from 'commander'
import { CommandError } from './command-error.ts'
import { exitCodes } from './exit-codes.ts'
import { explain } from './explain.ts'
import { readSecret, readStackEnv } from './stack-environment.ts'
import { localProfile, standaloneEnvFile } from './standalone/profile.ts'

/** Where a command finds Synap: flags first, then the environment, then what `synap start` or `synap up` wrote. */
export interface Connection {
  ingestUrl: string
  queryUrl: string
  apiKey: string
  /** The environment with what was written under it: the addresses of the servers, when they are known here. */
  env: Readonly<Record<string, string | undefined>>
  /** True when the addresses are those of the stack of this checkout. */
  isLocalStack: boolean
  /** Where the key came from, for people: a flag, a variable or a file. */
  keyFrom: string
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
    .option('--api-key <key>', 'API key (SYNAP_API_KEY, SYNAP_API_KEY_FILE); a flag is seen by other users')
}

/**
 * Finds the addresses and the key, or says what to do. What `synap start` or `synap up` wrote counts as a whole: its key is not sent to
 * an address that came from elsewhere.
 */
export function findConnection(
  flags: ConnectionFlags,
  environment: NodeJS.ProcessEnv = process.env,
  stackFile: string = localProfile(),
): Connection {
  const written = readStackEnv(stackFile)
  const given = {
    SYNAP_INGEST_URL: flags.ingestUrl || environment['SYNAP_INGEST_URL'],
    SYNAP_QUERY_URL: flags.queryUrl || environment['SYNAP_QUERY_URL'],
  }
  const isElsewhere = Object.entries(given).some(([name, value]) => value && value !== written[name])
  const stack = isElsewhere ? {} : written
  const key = findKey(flags, environment, stack, stackFile)
  const found = {
    SYNAP_INGEST_URL: given.SYNAP_INGEST_URL || stack['SYNAP_INGEST_URL'],
    SYNAP_QUERY_URL: given.SYNAP_QUERY_URL || stack['SYNAP_QUERY_URL'],
    SYNAP_API_KEY: key?.value,
  }
  const missing = Object.entries(found).flatMap(([name, value]) => (value ? [] : [name]))
  if (key === undefined || missing.length > 0) {
    throw new CommandError(
      `I do not know where Synap is: ${missing.join(', ')} not set.\n` +
        'Start it with ./synap start or ./synap up, or give --ingest-url, --query-url and --api-key.',
      exitCodes.configuration,
    )
  }
  return {
    ingestUrl: parseAddress('SYNAP_INGEST_URL', found.SYNAP_INGEST_URL ?? ''),
    queryUrl: parseAddress('SYNAP_QUERY_URL', found.SYNAP_QUERY_URL ?? ''),
    apiKey: parseKey(key),
    env: { ...stack, ...environment },
    isLocalStack:
      !isElsewhere && stackFile !== standaloneEnvFile && written['SYNAP_INGEST_URL'] !== undefined,
    keyFrom: key.from,
  }
}

interface FoundKey {
  value: string
  from: string
}

function findKey(
  flags: ConnectionFlags,
  environment: NodeJS.ProcessEnv,
  stack: Record<string, string | undefined>,
  stackFile: string,
): FoundKey | undefined {
  const file = environment['SYNAP_API_KEY_FILE']
  const candidates = [
    { from: '--api-key', value: flags.apiKey },
    { from: 'SYNAP_API_KEY in the environment', value: environment['SYNAP_API_KEY'] },
    { from: `${file ?? ''} (SYNAP_API_KEY_FILE)`, value: readSecret(file) },
    { from: stackFile, value: stack['SYNAP_API_KEY'] },
  ]
  for (const { from, value } of candidates) if (value) return { from, value }
  return undefined
}

function parseAddress(name: string, text: string): string {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text
  throw new CommandError(
    `${name} is no address: ${JSON.stringify(text)}. It looks like http://127.0.0.1:4100.`,
    exitCodes.configuration,
  )
}

function parseKey({ value, from }: FoundKey): string {
  if (/^[\x21-\x7e]+$/.test(value)) return value
  throw new CommandError(
    `The API key from ${from} holds blanks or characters that no key has.`,
    exitCodes.configuration,
  )
}

/** How long a command goes on trying when Synap does not answer. */
const patience = {
  /** A person waits. */
  short: { deadlineMs: 20_000, attempts: 4 },
  /** Long work outlives the restart of a service. */
  long: { deadlineMs: 120_000, attempts: 60 },
}

/** A client for this connection; a call that fails tells so within seconds, or, `long`, after two minutes. */
export function connect(connection: Connection, how: keyof typeof patience = 'short'): SynapClient {
  const { ingestUrl, queryUrl, apiKey } = connection
  return createClient({ ingestUrl, queryUrl, apiKey, ...patience[how] })
}

/** Runs a command's work with a client; what Synap refused, or that it does not answer, becomes a message for people. */
export async function withSynap<T>(
  flags: ConnectionFlags,
  work: (client: SynapClient, connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = findConnection(flags)
  try {
    return await work(connect(connection), connection)
  } catch (error) {
    throw explain(error, connection)
  }
}
