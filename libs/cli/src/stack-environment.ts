import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { CommandError } from './command-error.ts'
import { repositoryRoot } from './repository.ts'

export const stackEnvFile = join(repositoryRoot, '.synap', 'stack.env')

/** What `synap up` wrote; empty where it did not run. */
export function readStackEnv(): Record<string, string | undefined> {
  return existsSync(stackEnvFile) ? parseEnv(readFileSync(stackEnvFile, 'utf8')) : {}
}

/**
 * The variables a command needs: from the environment, else from the file that `NAME_FILE` names, else from what
 * `synap up` wrote. Lists all that are missing in one message.
 */
export function requireEnvironment<Name extends string>(
  names: readonly Name[],
  environment: NodeJS.ProcessEnv = process.env,
): Record<Name, string> {
  const written = readStackEnv()
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
    78,
  )
}

function readSecret(file: string | undefined): string | undefined {
  return file === undefined || file === '' ? undefined : readFileSync(file, 'utf8').trim()
}
