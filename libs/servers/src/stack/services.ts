import type { PortName } from './ports.ts'

/** The five services in the order in which they start; they end in the reverse one. */
export const serviceNames = ['ingest', 'events-writer', 'projector', 'enricher', 'query'] as const
export type ServiceName = (typeof serviceNames)[number]

export interface ServiceDeclaration {
  /** Port of the HTTP API, for the services that have one. */
  apiPort: PortName | undefined
  /** Port of /livez, /readyz and /metrics. */
  adminPort: PortName
}

export const serviceDeclarations: Record<ServiceName, ServiceDeclaration> = {
  ingest: { apiPort: 'ingest', adminPort: 'ingest-admin' },
  'events-writer': { apiPort: undefined, adminPort: 'events-writer-admin' },
  projector: { apiPort: undefined, adminPort: 'projector-admin' },
  enricher: { apiPort: undefined, adminPort: 'enricher-admin' },
  query: { apiPort: 'query', adminPort: 'query-admin' },
}
