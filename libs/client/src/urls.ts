import type { CallOptions } from './transport.ts'

/** A list is sent as one parameter for each of its values. */
export type Parameters = Readonly<Record<string, string | number | readonly string[] | undefined>>

/** `path` at an origin with the parameters that have a value. */
export function urlOf(origin: string, path: string, parameters: Parameters = {}): URL {
  const url = new URL(path, origin)
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue
    for (const one of typeof value === 'object' ? value : [String(value)]) url.searchParams.append(name, one)
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

/** A read of query, which can wait for what was written. */
export function readCall(url: URL, options: CallOptions) {
  return { ...getCall(url, options), waits: true } as const
}

export function postCall(url: URL, body: unknown, repeatable: boolean, options: CallOptions) {
  return { method: 'POST', url, body, repeatable, ...callOptions(options) } as const
}
