import type { ServerKind } from './server.ts'

/** The images of the Docker provider and of docker-compose.yml; a test holds the two together. */
export const images: Record<ServerKind, string> = {
  postgres: 'timescale/timescaledb-ha:pg18',
  kafka: 'apache/kafka:4.3.1',
  registry: 'apicurio/apicurio-registry:3.3.3',
  'object-store': 'versity/versitygw:v1.7.0',
}
