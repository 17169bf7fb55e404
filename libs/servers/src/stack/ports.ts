import { freePorts } from '../ports.ts'
import type { ServerKind, ServerPorts } from '../server.ts'
import type { ServiceName } from './services.ts'

/**
 * Every port of the stack on 127.0.0.1. Fixed, so that a bookmark keeps working; far from the usual numbers of
 * databases, so that one of your own is not in the way.
 */
export const defaultStackPorts = {
  ingest: 4100,
  query: 4101,
  kafka: 4110,
  postgres: 4111,
  registry: 4112,
  'object-store': 4113,
  'kafka-controller': 4114,
  'registry-management': 4115,
  'ingest-admin': 4120,
  'query-admin': 4121,
  'events-writer-admin': 4122,
  'projector-admin': 4123,
  'enricher-admin': 4124,
} as const

export type PortName = keyof typeof defaultStackPorts
export type StackPorts = Record<PortName, number>

export const portNames = Object.keys(defaultStackPorts) as PortName[]

/** Ports that nobody uses now, for a second checkout beside the first. */
export async function ephemeralStackPorts(): Promise<StackPorts> {
  const ports = await freePorts(portNames.length)
  return Object.fromEntries(portNames.map((name, index) => [name, ports[index]])) as unknown as StackPorts
}

/** Parses `name=number`; throws with the known names. */
export function parsePortOption(text: string): [PortName, number] {
  const [name = '', value = ''] = text.split('=', 2)
  const port = Number(value)
  if (!portNames.includes(name as PortName)) {
    throw new Error(`there is no port called "${name}"; the names are ${portNames.join(', ')}`)
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`"${value}" is no port number (1 to 65535)`)
  }
  return [name as PortName, port]
}

export function serverPorts(ports: StackPorts): ServerPorts {
  return {
    postgres: ports.postgres,
    kafka: ports.kafka,
    kafkaController: ports['kafka-controller'],
    registry: ports.registry,
    registryManagement: ports['registry-management'],
    objectStore: ports['object-store'],
  }
}

/** The ports that one part listens on, by name. */
export const portsOfPart: Record<ServerKind | ServiceName, readonly PortName[]> = {
  postgres: ['postgres'],
  kafka: ['kafka', 'kafka-controller'],
  registry: ['registry', 'registry-management'],
  'object-store': ['object-store'],
  ingest: ['ingest', 'ingest-admin'],
  'events-writer': ['events-writer-admin'],
  projector: ['projector-admin'],
  enricher: ['enricher-admin'],
  query: ['query', 'query-admin'],
}
