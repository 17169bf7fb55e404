import { images } from '../images.ts'
import type { ServerKind, ServerSettings } from '../server.ts'
import { kafkaHeapMb, kafkaSettings } from '../settings/kafka.ts'
import { versitygwArguments } from '../settings/object-store.ts'
import { postgresArguments } from '../settings/postgres.ts'
import { registryEnvironment } from '../settings/registry.ts'

/** How one server is run as a container, whoever runs it. Containers of a set share a network and know the kinds as host names. */
export interface ContainerSpec {
  image: string
  env: Record<string, string>
  command: string[]
  /** Port inside, and the one on 127.0.0.1 of this machine. */
  port: { inside: number; here: number }
  /** Path inside → name of the volume that keeps the data. */
  volumes: Record<string, string>
  /** Bytes of shared memory; 0 for Docker's 64 MiB. */
  shmBytes: number
  /** Seconds from the signal to stop to SIGKILL. */
  stopSeconds: number
}

export const containerSpecs: Record<ServerKind, (settings: ServerSettings) => ContainerSpec> = {
  postgres: ({ ports, secrets, mode }) => ({
    image: images.postgres,
    // Nobody logs in with it: the superuser comes in from inside the container.
    env: { POSTGRES_PASSWORD: secrets.databasePassword, TIMESCALEDB_TELEMETRY: 'off' },
    command: ['postgres', ...postgresArguments(mode)],
    port: { inside: 5432, here: ports.postgres },
    volumes: { '/home/postgres/pgdata': 'postgres' },
    shmBytes: 256 * 1024 * 1024,
    stopSeconds: 30,
  }),
  kafka: ({ ports, mode, advertisedKafkaPort }) => ({
    image: images.kafka,
    env: kafkaEnvironment(mode, advertisedKafkaPort ?? ports.kafka),
    command: [],
    port: { inside: 9092, here: ports.kafka },
    volumes: { '/var/lib/kafka/data': 'kafka' },
    shmBytes: 0,
    stopSeconds: 20,
  }),
  registry: (settings) => ({
    image: images.registry,
    env: { ...registryEnvironment(settings, 'postgres:5432'), JAVA_OPTS_APPEND: '-Xmx384m' },
    command: [],
    port: { inside: 8080, here: settings.ports.registry },
    volumes: {},
    shmBytes: 0,
    stopSeconds: 10,
  }),
  'object-store': ({ ports, secrets }) => ({
    image: images['object-store'],
    env: { ROOT_ACCESS_KEY: secrets.s3AccessKeyId, ROOT_SECRET_KEY: secrets.s3SecretAccessKey },
    command: versitygwArguments(':7070', '/data', '/versions'),
    port: { inside: 7070, here: ports.objectStore },
    volumes: { '/data': 'objects', '/versions': 'object-versions' },
    shmBytes: 0,
    stopSeconds: 10,
  }),
}

/** The image of Apache Kafka takes each property from a variable: `log.dirs` from KAFKA_LOG_DIRS. */
function kafkaEnvironment(mode: ServerSettings['mode'], advertisedPort: number): Record<string, string> {
  const properties: Record<string, string> = {
    ...kafkaSettings(mode),
    'controller.quorum.voters': '1@localhost:9093',
    listeners: 'PLAINTEXT://:9092,INSIDE://:9094,CONTROLLER://:9093',
    // The broker reaches itself under another name than its clients do.
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${advertisedPort},INSIDE://localhost:9094`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'INSIDE',
    'log.dirs': '/var/lib/kafka/data',
  }
  const variables = Object.entries(properties).map(([name, value]) => {
    return [`KAFKA_${name.replaceAll('.', '_').toUpperCase()}`, value] as const
  })
  return { ...Object.fromEntries(variables), KAFKA_HEAP_OPTS: `-Xmx${kafkaHeapMb(mode)}m` }
}
