import { readFileSync } from 'node:fs'
import { SynapError } from '@synap/core'
import type { z } from 'zod'

/** Names and values, as `process.env` has them. */
export type Env = Record<string, string | undefined>

/** One thing that is wrong with the environment; the value itself is never part of it. */
export interface ConfigProblem {
  name: string
  problem: string
}

/** The environment cannot be used; `problems` lists everything that is wrong with it, not the first thing. */
export class ConfigError extends SynapError {
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    const list = problems.map(({ name, problem }) => `${name} ${problem}`)
    super(`the configuration has ${problems.length} problem(s): ${list.join('; ')}`, {
      code: 'config.invalid',
      class: 'configuration',
    })
    this.problems = problems
  }
}

/**
 * Reads the environment by a schema whose keys are the variables' names in camel case (`databaseUrl` is `DATABASE_URL`).
 * `NAME_FILE` names a file that holds the value (a mounted secret; one trailing newline is dropped). An empty variable
 * counts as unset. Throws `ConfigError`.
 */
export function parseEnv<S extends z.ZodObject>(schema: S, env: Env): z.output<S> {
  const problems: ConfigProblem[] = []
  const raw: Record<string, string> = {}
  for (const key of Object.keys(schema.shape)) {
    const value = readVariable(variableName(key), env, problems)
    if (value !== undefined) raw[key] = value
  }
  const parsed = schema.safeParse(raw)
  const seen = new Set(problems.map((problem) => problem.name))
  for (const issue of parsed.error?.issues ?? []) {
    const key = String(issue.path[0] ?? '')
    const name = variableName(key)
    if (seen.has(name)) continue
    problems.push({ name, problem: key in raw ? `is not usable: ${issue.message}` : 'is not set' })
  }
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems)
  return parsed.data
}

/** `s3AccessKeyId` → `S3_ACCESS_KEY_ID`. */
export function variableName(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()
}

function readVariable(name: string, env: Env, problems: ConfigProblem[]): string | undefined {
  const direct = env[name] || undefined
  const file = env[`${name}_FILE`] || undefined
  if (file === undefined) return direct
  if (direct !== undefined) {
    problems.push({ name, problem: `is set twice: as ${name} and as ${name}_FILE` })
    return undefined
  }
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    problems.push({ name, problem: `cannot be read from the file in ${name}_FILE (${reason})` })
    return undefined
  }
}
