import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../process/run.ts'
import { readKey, serviceKeyFile, stackEnvironment, userKeyFile } from './environment.ts'
import { dataFolder, type StackLayout } from './layout.ts'
import { type StackSettings, writePrivate } from './settings.ts'

export interface PrepareOptions {
  inherited: NodeJS.ProcessEnv
  signal?: AbortSignal | undefined
  /** Each step as it is done. */
  onLine: (line: string) => void
}

/**
 * Brings databases, topics, schemas, bucket and keys to what this version needs. Everything in it may be repeated; a
 * key is made only when there is none.
 */
export async function prepareStack(
  layout: StackLayout,
  settings: StackSettings,
  options: PrepareOptions,
): Promise<void> {
  mkdirSync(dataFolder(layout, settings.provider), { recursive: true, mode: 0o700 })
  const keyFile = serviceKeyFile(layout, settings)
  const main = join('libs', 'cli', 'src', 'main.ts')
  await runProgram('preparing the stack', layout, settings, [main, 'setup', '--key-file', keyFile], options)
  const userKey = userKeyFile(layout, settings)
  if (readKey(userKey) !== undefined) return
  const createKey = join('services', 'ingest', 'src', 'create-key.ts')
  const args = [createKey, '--name', 'synap-up', '--scopes', 'read,write,admin,operate']
  const output = await runProgram('making an API key', layout, settings, args, {
    ...options,
    onLine: () => undefined,
  })
  const key = findKey(output)
  if (key === undefined) throw new Error('the command that makes an API key printed none')
  writePrivate(userKey, `${key}\n`)
  options.onLine('API key made')
}

/** `syn_` and 43 characters of base64url: 256 bits. */
export function findKey(text: string): string | undefined {
  return /\bsyn_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/.exec(text)?.[0]
}

/** Runs a program of this repository with the stack's environment; its last lines are the error when it fails. */
async function runProgram(
  what: string,
  layout: StackLayout,
  settings: StackSettings,
  args: readonly string[],
  options: PrepareOptions,
): Promise<string> {
  const env = { ...options.inherited, ...stackEnvironment(layout, settings) }
  const result = await run(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    cwd: layout.root,
    env,
    signal: options.signal,
    // What it says on stderr is told once, when it fails.
    onLine: (line, from) => {
      if (from === 'stdout' && line !== '') options.onLine(line)
    },
  })
  if (result.code === 0) return result.stdout
  const said = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-20).join('\n')
  throw new Error(`${what} failed (node ${args.join(' ')} exited with ${result.code}):\n${said}`)
}
