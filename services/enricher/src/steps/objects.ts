import type { ObjectStore } from '@synap/object-store'

/** The part of the object store that enrichment needs. */
export type Objects = Pick<ObjectStore, 'read' | 'put' | 'delete'>
