import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { compileCache } from '@synap/servers'

const run = promisify(execFile)
export const repositoryRoot = join(import.meta.dirname, '..', '..', '..')

/**
 * Of this process' environment what any program needs; and where Node keeps what it made of the sources, without which each of
 * the many processes of a test run would take twice the CPU to start.
 */
export function programEnvironment(): NodeJS.ProcessEnv {
  const names = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'NODE_EXTRA_CA_CERTS', 'XDG_CACHE_HOME']
  return {
    ...compileCache(),
    ...Object.fromEntries(names.map((name) => [name, process.env[name]])),
  }
}

/**
 * Runs a program of the repository (`services/ingest/src/create-key.ts`) to its end and gives its standard output; rejects
 * with what it said when it fails. All of its environment that is Synap's comes from `env`.
 */
export async function runProgram(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
  args: readonly string[] = [],
): Promise<string> {
  const options = { cwd: repositoryRoot, env: { ...programEnvironment(), ...env } }
  return (await run(process.execPath, [path, ...args], options)).stdout
}
