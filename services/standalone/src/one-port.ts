import type { IncomingMessage, ServerResponse } from 'node:http'
import { SynapError } from '@synap/core'
import { type App, listenOn } from '@synap/http'

/** As much of an OpenAPI document as is read here. */
export interface ApiDocument {
  info?: { description?: string }
  paths?: Record<string, object | undefined>
  components?: { schemas?: Record<string, object> }
}

const documentOf = (app: App) => app.swagger() as ApiDocument

export interface Apps {
  /** Takes what the other has no route for. Its server listens for both. */
  writes: App
  reads: App
}

/**
 * Serves two apps on one port and answers the base address. A request goes to the app that documents its method and
 * path. Rejects with `port.in_use` (configuration).
 */
export async function listenTogether(
  { writes, reads }: Apps,
  at: { host: string; port: number },
): Promise<string> {
  await reads.ready()
  await writes.ready()
  const isRead = routesOf(documentOf(reads))
  const openApi = JSON.stringify(mergeDocuments(documentOf(writes), documentOf(reads)))
  const { server } = writes
  server.removeAllListeners('request')
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '')
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    if (method === 'GET' && path === '/openapi.json') return answerJson(response, openApi)
    if (isRead(method, path)) reads.routing(request, response)
    else writes.routing(request, response)
  })
  try {
    return await listenOn(writes, at)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new SynapError(`port ${at.port} is in use: stop what listens there, or give another with --port`, {
      code: 'port.in_use',
      class: 'configuration',
      fields: { port: at.port },
    })
  }
}

/** Whether a document has an operation for a method and path. */
export function routesOf(document: ApiDocument): (method: string, path: string) => boolean {
  const routes = Object.entries(document.paths ?? {}).flatMap(([path, operations]) =>
    Object.keys(operations ?? {}).map((method) => ({
      method: method.toUpperCase(),
      pattern: new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}/?$`),
    })),
  )
  return (method, path) => routes.some((route) => route.method === method && route.pattern.test(path))
}

/** One OpenAPI document for both: paths by operation, schemas by name (the same name is the same schema). */
export function mergeDocuments(writes: ApiDocument, reads: ApiDocument): object {
  const paths: Record<string, object | undefined> = { ...writes.paths }
  for (const [path, operations] of Object.entries(reads.paths ?? {}))
    paths[path] = { ...paths[path], ...operations }
  const schemas = { ...writes.components?.schemas, ...reads.components?.schemas }
  const description = [writes.info?.description, reads.info?.description].join('\n\n')
  const info = { ...writes.info, title: 'Synap', description }
  return { ...writes, info, paths, components: { ...writes.components, schemas } }
}

function answerJson(response: ServerResponse, text: string): void {
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'x-content-type-options': 'nosniff',
  })
  response.end(response.req.method === 'HEAD' ? undefined : text)
}
