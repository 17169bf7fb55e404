import { z } from 'zod'

/** A whole number of something, within bounds. */
export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'a whole number is expected')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `a number from ${min} to ${max} is expected`)

/** `true` or `false`, also as 1 and 0. */
export const flag = () =>
  z
    .enum(['true', 'false', '1', '0'], 'true or false is expected')
    .transform((value) => value === 'true' || value === '1')

export const url = (...schemes: string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)),
      `an address that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')} is expected`,
    )

const port = () => integer(0, 65_535)
const required = () => z.string().min(1)
const httpUrl = () => url('http', 'https').transform((text) => text.replace(/\/+$/, ''))

/**
 * The fragments that services spread into their schema: `z.object({ ...databaseConfig, ...kafkaConfig, … })`. A
 * variable's name is the key in upper snake case; every default is in view here.
 */
export const databaseConfig = {
  databaseUrl: url('postgres', 'postgresql'),
  /** For LISTEN, past any pooler; without it the service polls. */
  databaseDirectUrl: url('postgres', 'postgresql').optional(),
  /** Connections per process. */
  databasePoolSize: integer(1, 200).default(10),
}

export const kafkaConfig = {
  /** `host:port`, more of them with commas between. */
  kafkaBrokers: z
    .string()
    .regex(/^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$/, 'host:port, separated by commas, is expected')
    .transform((text) => text.split(',')),
  /** In front of every topic and group name; for tests that share a broker. */
  topicPrefix: z.string().default(''),
  /** Milliseconds of silence after which the group gives a member's partitions to others. */
  kafkaSessionTimeoutMs: integer(1_000, 300_000).default(10_000),
}

export const registryConfig = {
  /** With the path of the Confluent API: `http://host:port/apis/ccompat/v7`. */
  schemaRegistryUrl: httpUrl(),
}

export const s3Config = {
  s3Endpoint: httpUrl(),
  s3Region: required().default('us-east-1'),
  s3Bucket: required(),
  s3AccessKeyId: required(),
  s3SecretAccessKey: required(),
}

/** Where a service with an API listens. */
export const httpConfig = {
  host: required().default('127.0.0.1'),
  /** 0 = any free port. */
  port: port().default(0),
  /** Requests per key and minute; keys with `act:any` are not counted. */
  requestsPerMinute: integer(1, 100_000_000).default(6_000),
  /** Keys per address and minute that may be none. */
  failedKeysPerMinute: integer(1, 100_000_000).default(600),
}

/** How a service talks to ingest: its key has the scopes `act:any read write trace:continue`. */
export const ingestClientConfig = {
  ingestUrl: httpUrl(),
  serviceApiKey: z.string().regex(/^syn_[A-Za-z0-9_-]{43}$/, 'a Synap API key (syn_…) is expected'),
}

/**
 * With neither, the deterministic offline provider is used. A key alone means OpenAI itself; an address alone means a
 * compatible server that asks for no key (Ollama, LM Studio, vLLM).
 */
export const modelConfig = {
  openaiApiKey: required().optional(),
  openaiBaseUrl: httpUrl().optional(),
  openaiOrganization: required().optional(),
  /** The model that analyses, and the one that embeds (at most 1,536 places), questions as well as content. */
  openaiModel: required().default('gpt-5-mini'),
  openaiEmbeddingModel: required().default('text-embedding-3-small'),
  /** Milliseconds for one call, its whole answer included; a large model on a small machine needs more. */
  openaiTimeoutMs: integer(1_000, 600_000).default(30_000),
}

/** What `runService` itself needs; every service has it. */
export const runtimeConfig = z.object({
  adminHost: required().default('127.0.0.1'),
  /** /livez, /readyz, /metrics. 0 = any free port, told in the log. */
  adminPort: port().default(0),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
})
export type RuntimeConfig = z.output<typeof runtimeConfig>

/** What `s3Config` parsed, as the object store's driver takes it. */
export function s3Access(config: z.output<z.ZodObject<typeof s3Config>>) {
  return {
    endpoint: config.s3Endpoint,
    region: config.s3Region,
    bucket: config.s3Bucket,
    accessKeyId: config.s3AccessKeyId,
    secretAccessKey: config.s3SecretAccessKey,
  }
}

/**
 * How a consumer calls ingest (missing events, analyses), as the client takes it. The deadline is below the time after
 * which the group drops a silent member.
 */
export function ingestCalls({ ingestUrl, serviceApiKey }: z.output<z.ZodObject<typeof ingestClientConfig>>) {
  return { ingestUrl, queryUrl: ingestUrl, apiKey: serviceApiKey, deadlineMs: 5_000, attempts: 2 }
}
