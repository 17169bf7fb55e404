import { type FastifyInstance, fastify } from 'fastify'
import { open } from './access.ts'

const docsPath = '/docs'
// The page's own script and styles only: nothing is fetched from elsewhere, and nothing sent there.
const docsPolicy = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "frame-ancestors 'none'",
  "base-uri 'self'",
].join('; ')

/**
 * A readable page of the API at /docs. What shows it is loaded when somebody asks for it first: it costs 35 MB of memory,
 * and most processes are never asked.
 */
export function registerDocsPage(app: FastifyInstance): void {
  let pages: Promise<FastifyInstance> | undefined
  app.addHook('onClose', async () => {
    await (await pages)?.close()
  })
  for (const path of [docsPath, `${docsPath}/*`]) {
    app.get(path, { config: open(), schema: { hide: true } }, async (request, reply) => {
      pages ??= buildPages()
      const [url = docsPath] = request.url.split('?', 1)
      const { statusCode, headers, rawPayload } = await (await pages).inject({ url })
      if (statusCode === 404) return reply.callNotFound()
      if (headers.location !== undefined) reply.header('location', headers.location)
      return reply
        .code(statusCode)
        .header('content-type', headers['content-type'] ?? 'text/plain')
        .header('content-security-policy', docsPolicy)
        .send(rawPayload)
    })
  }
}

async function buildPages(): Promise<FastifyInstance> {
  const { default: scalar } = await import('@scalar/fastify-api-reference')
  const pages = fastify()
  await pages.register(scalar, {
    routePrefix: docsPath,
    logLevel: 'silent',
    configuration: {
      url: '/openapi.json',
      withDefaultFonts: false,
      telemetry: false,
      // What leads to Scalar's own services; the page stays on this machine.
      agent: { disabled: true },
      mcp: { disabled: true },
      showDeveloperTools: 'never',
      hideClientButton: true,
    },
  })
  return pages
}
