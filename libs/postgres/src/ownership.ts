/** The services that own tables, and `query`, which owns nothing (design: ownership). */
export type SchemaOwner = 'ingest' | 'events-writer' | 'projector' | 'enricher'

export interface Extension {
  name: string
  /** Without a required extension the migration stops; without the others the service degrades and says so. */
  required: boolean
}

export interface Ownership {
  role: string
  schemas: readonly string[]
  extensions: readonly Extension[]
}

/** One service, one role, its schemas. Nobody writes to another's schema. */
export const ownership: Record<SchemaOwner, Ownership> = {
  ingest: { role: 'synap_ingest', schemas: ['write'], extensions: [] },
  'events-writer': {
    role: 'synap_events_writer',
    schemas: ['log'],
    extensions: [{ name: 'timescaledb', required: false }],
  },
  projector: {
    role: 'synap_projector',
    schemas: ['read_v1', 'read_meta'],
    // btree_gin: one index over user and words.
    extensions: [
      { name: 'vector', required: true },
      { name: 'btree_gin', required: true },
    ],
  },
  enricher: { role: 'synap_enricher', schemas: ['enrich'], extensions: [] },
}

/** Reads what the owners publish to it. */
export const queryRole = 'synap_query'
/** For the functions that show an operator more than one user's rows. */
export const operatorRole = 'synap_operator'

/** Every role, in the order in which they are created; none can log in. */
export const roles: readonly string[] = [
  ...Object.values(ownership).map((owner) => owner.role),
  queryRole,
  operatorRole,
]
