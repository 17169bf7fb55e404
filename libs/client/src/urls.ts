import type { CallOptions } from './transport.ts'

export type Parameters = Readonly<Record<string, string | number | undefined>>

/** `path` at an origin with the parameters that have a value. */
export function urlOf(origin: string, path: string, parameters: Parameters = {}): URL {
  const url = new URL(path, origin)
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  return url
}

/** The parts of options that every call takes, without the rest. */
export function callOptions({ signal, actFor }: CallOptions): CallOptions {
  return { ...(signal === undefined ? {} : { signal }), ...(actFor === undefined ? {} : { actFor }) }
}

export function getCall(url: URL, options: CallOptions) {
  return { method: 'GET', url, repeatable: true, ...callOptions(options) } as const
}

export function postCall(url: URL, body: unknown, repeatable: boolean, options: CallOptions) {
  return { method: 'POST', url, body, repeatable, ...callOptions(options) } as const
}
