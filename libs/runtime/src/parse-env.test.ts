import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  databaseConfig,
  flag,
  httpConfig,
  ingestClientConfig,
  kafkaConfig,
  modelConfig,
  registryConfig,
  s3Config,
} from './config.ts'
import { ConfigError, parseEnv, variableName } from './parse-env.ts'

const schema = z.object({
  ...databaseConfig,
  ...kafkaConfig,
  ...registryConfig,
  ...s3Config,
  ...httpConfig,
  ...ingestClientConfig,
  ...modelConfig,
  verbose: flag().default(false),
})
const good = {
  DATABASE_URL: 'postgres://u:p@h/d',
  KAFKA_BROKERS: 'a:1,b:2',
  SCHEMA_REGISTRY_URL: 'http://r:1/apis/ccompat/v7/',
  S3_ENDPOINT: 'http://s:1',
  S3_BUCKET: 'b',
  S3_ACCESS_KEY_ID: 'k',
  S3_SECRET_ACCESS_KEY: 's',
  INGEST_URL: 'http://i:1',
  SERVICE_API_KEY: `syn_${'a'.repeat(43)}`,
}
const problemsOf = (env: Record<string, string | undefined>) => {
  try {
    parseEnv(schema, env)
    return undefined
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error
  }
}

describe('the environment', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'synap-env-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('given all that is needed, values are typed and defaults filled in', () => {
    expect(parseEnv(schema, good)).toMatchObject({
      databasePoolSize: 10,
      kafkaBrokers: ['a:1', 'b:2'],
      topicPrefix: '',
      schemaRegistryUrl: 'http://r:1/apis/ccompat/v7',
      s3Region: 'us-east-1',
      host: '127.0.0.1',
      port: 0,
      verbose: false,
    })
    expect(parseEnv(schema, { ...good, PORT: '8080', VERBOSE: '1', OPENAI_API_KEY: '' })).toMatchObject({
      port: 8080,
      verbose: true,
    })
  })

  it("given several problems, all are listed by the variable's name, and no value is", () => {
    const error = problemsOf({
      ...good,
      DATABASE_URL: 'mysql://u:hunter2@h',
      KAFKA_BROKERS: undefined,
      S3_BUCKET: '',
      PORT: '99999',
      SERVICE_API_KEY: 'hunter2',
    })
    expect(error?.problems.map((problem) => problem.name)).toEqual([
      'DATABASE_URL',
      'KAFKA_BROKERS',
      'S3_BUCKET',
      'PORT',
      'SERVICE_API_KEY',
    ])
    expect(error?.message).toContain('KAFKA_BROKERS is not set')
    expect(error?.message).not.toContain('hunter2')
    expect(error).toMatchObject({ class: 'configuration', code: 'config.invalid' })
  })

  it('given NAME_FILE, the value comes from the file; both, or an unreadable one, are problems', async () => {
    const file = join(folder, 'secret')
    await writeFile(file, 'from a file\n')
    const { S3_SECRET_ACCESS_KEY: _, ...without } = good
    expect(parseEnv(schema, { ...without, S3_SECRET_ACCESS_KEY_FILE: file }).s3SecretAccessKey).toBe(
      'from a file',
    )
    expect(problemsOf({ ...good, S3_SECRET_ACCESS_KEY_FILE: file })?.message).toContain(
      'S3_SECRET_ACCESS_KEY is set twice',
    )
    const missing = problemsOf({ ...without, S3_SECRET_ACCESS_KEY_FILE: join(folder, 'none') })
    expect(missing?.problems).toEqual([
      {
        name: 'S3_SECRET_ACCESS_KEY',
        problem: 'cannot be read from the file in S3_SECRET_ACCESS_KEY_FILE (ENOENT)',
      },
    ])
  })

  it('given keys in camel case, each has its variable', () => {
    expect(['s3AccessKeyId', 'openaiBaseUrl', 'port', 'databaseDirectUrl'].map(variableName)).toEqual([
      'S3_ACCESS_KEY_ID',
      'OPENAI_BASE_URL',
      'PORT',
      'DATABASE_DIRECT_URL',
    ])
  })
})
