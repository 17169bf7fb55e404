import type { IncomingMessage } from 'node:http'

/** The headers of a request, each as one text. */
export const ownHeaders = (request: IncomingMessage): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, value?.toString()]))
