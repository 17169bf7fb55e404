import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { CommandError } from './command-error.ts'
import { exitCodes } from './exit-codes.ts'
import { repositoryRoot } from './repository.ts'

export const stackEnvFile = join(repositoryRoot, '.synap', 'stack.env')

/** What `synap up` wrote; empty where it did not run. */
export function readStackEnv(file: string = stackEnvFile): Record<string, string | undefined> {
  return existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}
}

/**
 * The variables a command needs: from the environment, else from the file that `NAME_FILE` names, else from what
 * `synap up` wrote. Lists all that are missing in one message.
 */
export function requireEnvironment<Name extends string>(
  names: readonly Name[],
  environment: NodeJS.ProcessEnv = process.env,
  stackFile: string = stackEnvFile,
): Record<Name, string> {
  const written = readStackEnv(stackFile)
  const found: Partial<Record<Name, string>> = {}
  const missing: string[] = []
  for (const name of names) {
    const value = environment[name] || readSecret(environment[`${name}_FILE`]) || written[name]
    if (value === undefined || value === '') missing.push(name)
    else found[name] = value
  }
  if (missing.length === 0) return found as Record<Name, string>
  const which = missing.length === 1 ? 'this variable is' : 'these variables are'
  throw new CommandError(
    `${which} not set: ${missing.join(', ')}. Start the stack with ./synap up, or set them.`,
    exitCodes.configuration,
  )
}

/** The secret in the file that `NAME_FILE` names; undefined when none is named. */
export function readSecret(file: string | undefined): string | undefined {
  if (file === undefined || file === '') return undefined
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new CommandError(`A secret cannot be read: ${(error as Error).message}.`, exitCodes.configuration)
  }
}
