export {
  databaseConfig,
  flag,
  httpConfig,
  ingestCalls,
  ingestClientConfig,
  integer,
  kafkaConfig,
  modelConfig,
  registryConfig,
  s3Access,
  s3Config,
  url,
} from './config.ts'
export type { Check, CheckOptions, Health } from './health.ts'
export { ConfigError, type ConfigProblem, type Env, parseEnv } from './parse-env.ts'
export { runService, type ServiceContext } from './run-service.ts'
