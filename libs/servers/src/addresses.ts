import type { ServerSettings } from './server.ts'
import { s3Region } from './settings/object-store.ts'

/** What a client needs to reach the servers, under the names that every Synap program reads from its environment. */
export interface ServerAddresses {
  DATABASE_URL: string
  KAFKA_BROKERS: string
  SCHEMA_REGISTRY_URL: string
  S3_ENDPOINT: string
  S3_REGION: string
  S3_ACCESS_KEY_ID: string
  S3_SECRET_ACCESS_KEY: string
}

export function serverAddresses(settings: ServerSettings, database = 'synap'): ServerAddresses {
  const { ports, secrets } = settings
  return {
    DATABASE_URL: `postgres://synap:${secrets.databasePassword}@127.0.0.1:${ports.postgres}/${database}`,
    KAFKA_BROKERS: `127.0.0.1:${settings.advertisedKafkaPort ?? ports.kafka}`,
    SCHEMA_REGISTRY_URL: `http://127.0.0.1:${ports.registry}/apis/ccompat/v7`,
    S3_ENDPOINT: `http://127.0.0.1:${ports.objectStore}`,
    S3_REGION: s3Region,
    S3_ACCESS_KEY_ID: secrets.s3AccessKeyId,
    S3_SECRET_ACCESS_KEY: secrets.s3SecretAccessKey,
  }
}
