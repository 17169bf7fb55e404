import { type StackStatus, status } from '@synap/servers'
import { CommandError } from '../command-error.ts'
import { type Connection, type ConnectionFlags, findConnection } from '../connection.ts'
import { exitCodes } from '../exit-codes.ts'
import { repositoryRoot } from '../repository.ts'
import { readSecret, readStackEnv } from '../stack-environment.ts'
import { localProfile, standaloneEnvFile } from '../standalone/profile.ts'

/** How Synap runs: in one process, as the stack of this checkout, somewhere else, or not at all. */
export type Way = 'standalone' | 'stack' | 'elsewhere' | 'none'

/** What the checks look at. */
export interface DoctorContext {
  /** The checkout. */
  root: string
  way: Way
  /** Undefined when nothing runs, or when it is not known how to reach it: then `obstacle` says why. */
  connection: Connection | undefined
  obstacle: string | undefined
  /** Parts of the stack of this checkout. */
  stack: StackStatus
  /** The person's environment, as `./synap start` and `./synap up` would inherit it. */
  environment: Readonly<Record<string, string | undefined>>
  /** The same with what a running `./synap start` or `./synap up` wrote under it. */
  written: Readonly<Record<string, string | undefined>>
}

/** Finds out how Synap runs; never fails for want of it. */
export async function findContext(
  flags: ConnectionFlags,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<DoctorContext> {
  const profile = localProfile()
  const stack = await status(repositoryRoot)
  const written = readStackEnv(profile)
  const found = tryConnection(flags, environment, profile)
  const way = wayOf({
    isElsewhere: isElsewhere(found.connection, written),
    isStandalone: profile === standaloneEnvFile,
    isStack: stack.parts.some((part) => part.state !== 'down'),
  })
  const isUp = way !== 'none'
  return {
    root: repositoryRoot,
    way,
    connection: isUp ? found.connection : undefined,
    obstacle: isUp ? found.obstacle : undefined,
    stack,
    environment,
    written: way === 'standalone' || way === 'stack' ? written : {},
  }
}

export function wayOf(is: { isElsewhere: boolean; isStandalone: boolean; isStack: boolean }): Way {
  if (is.isElsewhere) return 'elsewhere'
  if (is.isStandalone) return 'standalone'
  return is.isStack ? 'stack' : 'none'
}

/** The variables of a server, from the environment or a file it names, else as `./synap up` wrote them. */
export function serverSettings<Name extends string>(
  context: DoctorContext,
  names: readonly [Name, ...Name[]],
): Record<Name, string> | undefined {
  if (context.way === 'standalone') return undefined
  const { environment, written } = context
  const valueOf = (name: Name) =>
    environment[name] || readSecret(environment[`${name}_FILE`]) || (context.way === 'stack' && written[name])
  if (!valueOf(names[0])) return undefined
  const missing = names.filter((name) => !valueOf(name))
  if (missing.length > 0) throw new CommandError(`${missing.join(', ')} not set`, exitCodes.configuration)
  return Object.fromEntries(names.map((name) => [name, valueOf(name)])) as Record<Name, string>
}

/** The advice for a server that does not answer. */
export const startServers = ({ way }: DoctorContext, variable: string): string =>
  way === 'stack'
    ? './synap up starts what is down; ./synap status shows it'
    : `Is ${variable} right, and does it run?`

function tryConnection(flags: ConnectionFlags, environment: NodeJS.ProcessEnv, profile: string) {
  try {
    return { connection: findConnection(flags, environment, profile), obstacle: undefined }
  } catch (error) {
    if (error instanceof CommandError) return { connection: undefined, obstacle: error.message }
    throw error
  }
}

const isElsewhere = (connection: Connection | undefined, written: DoctorContext['written']): boolean =>
  connection !== undefined &&
  (connection.ingestUrl !== written['SYNAP_INGEST_URL'] || connection.queryUrl !== written['SYNAP_QUERY_URL'])
