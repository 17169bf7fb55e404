import {
  headsQuery,
  headsResponse,
  internalEventsQuery,
  internalEventsResponse,
  introspectRequest,
  introspectResponse,
} from '@synap/contracts'
import { type App, requires } from '@synap/http'
import type { Pool } from '@synap/postgres'
import { introspectKey } from '../api-keys.ts'
import { listEvents } from '../list-events.ts'
import { listHeads } from '../list-heads.ts'
import type { SchemaBook } from '../schema-book.ts'

/** `/internal`: for our own services, whose keys have the scope `act:any`. */
export function registerInternalRoutes(
  app: App,
  { pool, schemas, onKeyUse }: { pool: Pool; schemas: SchemaBook; onKeyUse: (keyId: string) => void },
): void {
  const config = requires('act:any')
  const hide = true
  app.post(
    '/internal/introspect',
    { schema: { hide, body: introspectRequest, response: { 200: introspectResponse } }, config },
    async (request) => {
      const found = await introspectKey(pool, request.body.key)
      // Whoever asks does so for a request that carries the key.
      if (found.active) onKeyUse(found.keyId)
      return found
    },
  )
  app.get(
    '/internal/events',
    { schema: { hide, querystring: internalEventsQuery, response: { 200: internalEventsResponse } }, config },
    async (request) => ({ items: await listEvents(pool, schemas, request.query) }),
  )
  app.get(
    '/internal/heads',
    { schema: { hide, querystring: headsQuery, response: { 200: headsResponse } }, config },
    (request) => listHeads(pool, request.query),
  )
}
