import { createClient, type SynapClient } from '@synap/client'
import type { Command } from 'commander'
import { CommandError } from './command-error.ts'
import { exitCodes } from './exit-codes.ts'
import { explain } from './explain.ts'
import { readGivenProfile } from './given-profile.ts'
import { readSecret, readStackEnv } from './stack-environment.ts'
import { localProfile } from './standalone/profile.ts'

/** Where a command finds Synap; `docs/reference/cli.md` tells in which order it is looked for. */
export interface Connection {
  ingestUrl: string
  queryUrl: string
  apiKey: string
  /** The environment with the profile under it: the addresses of the servers, when they are known here. */
  env: Readonly<Record<string, string | undefined>>
  /** True when the addresses are those of the stack of this checkout. */
  isLocalStack: boolean
  /** Set when they are those of a standalone of this machine. */
  standalone?: { dataDir: string; logFile: string } | undefined
  /** Where the key came from, for people: a flag, a variable or a file. */
  keyFrom: string
}

export interface ConnectionFlags {
  url?: string
  ingestUrl?: string
  queryUrl?: string
  apiKey?: string
  profile?: string
}

/** Adds the flags every command that talks to Synap takes. */
export function withConnection(command: Command): Command {
  return command
    .option('--url <url>', 'address of both APIs, where they are one (SYNAP_URL)')
    .option('--ingest-url <url>', 'address of ingest (SYNAP_INGEST_URL)')
    .option('--query-url <url>', 'address of query (SYNAP_QUERY_URL)')
    .option('--api-key <key>', 'API key (SYNAP_API_KEY, SYNAP_API_KEY_FILE); a flag is seen by other users')
    .option('--profile <file>', 'file with addresses and key, mode 600 (SYNAP_PROFILE)')
}

type Variables = Readonly<Record<string, string | undefined>>

interface Profile {
  file: string
  written: Variables
  /** Named by a flag, so it goes before the environment. */
  isFirst: boolean
  /** Written by `synap start` or `synap up` of this checkout. */
  isLocal: boolean
}

/**
 * Finds the addresses and the key, or says what to do. A profile counts as a whole: its key is not sent to an address
 * that came from elsewhere, nor is an address of the environment used with one that a flag names.
 */
export function findConnection(
  flags: ConnectionFlags,
  environment: NodeJS.ProcessEnv = process.env,
  localFile: string = localProfile(),
): Connection {
  const profile = chooseProfile(flags, environment, localFile)
  const own = addressesOf(profile.written)
  const variables = profile.isFirst ? addressesOf({}) : addressesOf(environment)
  const given = {
    SYNAP_INGEST_URL: flags.ingestUrl || flags.url || variables.SYNAP_INGEST_URL,
    SYNAP_QUERY_URL: flags.queryUrl || flags.url || variables.SYNAP_QUERY_URL,
  }
  const isElsewhere =
    differs(given.SYNAP_INGEST_URL, own.SYNAP_INGEST_URL) ||
    differs(given.SYNAP_QUERY_URL, own.SYNAP_QUERY_URL)
  const counting: Profile = isElsewhere ? { ...profile, written: {} } : profile
  const key = findKey(flags, environment, counting)
  const found = {
    SYNAP_INGEST_URL: given.SYNAP_INGEST_URL || (isElsewhere ? undefined : own.SYNAP_INGEST_URL),
    SYNAP_QUERY_URL: given.SYNAP_QUERY_URL || (isElsewhere ? undefined : own.SYNAP_QUERY_URL),
    SYNAP_API_KEY: key?.value,
  }
  const missing = Object.entries(found).flatMap(([name, value]) => (value ? [] : [name]))
  if (key === undefined || missing.length > 0) throw unknown(missing, profile)
  const { written } = counting
  return {
    ingestUrl: parseAddress('SYNAP_INGEST_URL', found.SYNAP_INGEST_URL ?? ''),
    queryUrl: parseAddress('SYNAP_QUERY_URL', found.SYNAP_QUERY_URL ?? ''),
    apiKey: parseKey(key),
    env: { ...written, ...environment },
    isLocalStack:
      profile.isLocal &&
      written['SYNAP_INGEST_URL'] !== undefined &&
      written['SYNAP_STANDALONE_PID'] === undefined,
    standalone: standaloneOf(written),
    keyFrom: key.from,
  }
}

function chooseProfile(flags: ConnectionFlags, environment: Variables, localFile: string): Profile {
  const file = flags.profile || environment['SYNAP_PROFILE']
  if (!file) return { file: localFile, written: readStackEnv(localFile), isFirst: false, isLocal: true }
  return { file, written: readGivenProfile(file), isFirst: Boolean(flags.profile), isLocal: false }
}

const addressesOf = (variables: Variables) => ({
  SYNAP_INGEST_URL: variables['SYNAP_INGEST_URL'] || variables['SYNAP_URL'],
  SYNAP_QUERY_URL: variables['SYNAP_QUERY_URL'] || variables['SYNAP_URL'],
})

const differs = (given: string | undefined, own: string | undefined) => Boolean(given) && given !== own

function standaloneOf(written: Variables): Connection['standalone'] {
  const { SYNAP_STANDALONE_DATA: dataDir, SYNAP_STANDALONE_LOG: logFile } = written
  return dataDir && logFile ? { dataDir, logFile } : undefined
}

function unknown(missing: readonly string[], { file, isLocal }: Profile): CommandError {
  const whatNow = isLocal
    ? 'Start it with ./synap start or ./synap up, or give --url (or --ingest-url, --query-url) and --api-key, or --profile.'
    : `The profile ${file} tells SYNAP_URL (or SYNAP_INGEST_URL and SYNAP_QUERY_URL) and SYNAP_API_KEY, a line each: NAME='value'.`
  return new CommandError(
    `I do not know where Synap is: ${missing.join(', ')} not set.\n${whatNow}`,
    exitCodes.configuration,
  )
}

interface FoundKey {
  value: string
  from: string
}

function findKey(
  flags: ConnectionFlags,
  environment: NodeJS.ProcessEnv,
  profile: Profile,
): FoundKey | undefined {
  const file = environment['SYNAP_API_KEY_FILE']
  const own = { from: profile.file, value: profile.written['SYNAP_API_KEY'] }
  const candidates = [
    { from: '--api-key', value: flags.apiKey },
    ...(profile.isFirst ? [own] : []),
    { from: 'SYNAP_API_KEY in the environment', value: environment['SYNAP_API_KEY'] },
    { from: `${file ?? ''} (SYNAP_API_KEY_FILE)`, value: readSecret(file) },
    own,
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
