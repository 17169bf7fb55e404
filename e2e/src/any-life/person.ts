import type { Account, Pipeline } from '../pipeline.ts'

interface Written {
  id: string
  sequence: number
}

/** A user by plain HTTP, who reads what was written. */
export interface Person {
  name: string
  /** A write, and what must become of it. */
  do(method: string, path: string, body?: object, status?: number): Promise<Written>
  /** A read that is true for everything written before. */
  read<T>(path: string): Promise<T>
  /** The sequence of the last write. */
  sequence(): number
}

export function createPerson(pipeline: Pipeline, { apiKey }: Account, name: string): Person {
  let sequence = 0
  const call = async (service: 'ingest' | 'query', method: string, path: string, body?: object) => {
    const response = await fetch(`${pipeline.service(service).url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(40_000),
    })
    const answer: unknown = await response.json()
    return { status: response.status, answer }
  }
  return {
    name,
    async do(method, path, body, status = 200) {
      for (let left = 20; ; left -= 1) {
        const { status: got, answer } = await call('ingest', method, path, body)
        // The enricher writes too: who comes second five times is told to try again.
        if (got === 409 && left > 0) continue
        if (got !== status) {
          throw new Error(`${method} ${path} ${JSON.stringify(body)}: ${got} ${JSON.stringify(answer)}`)
        }
        const written = answer as Written
        if (got < 300) sequence = Math.max(sequence, written.sequence)
        return written
      }
    },
    sequence: () => sequence,
    async read<T>(path: string) {
      const fresh = `${path.includes('?') ? '&' : '?'}min_sequence=${sequence}&wait=30000`
      const { status, answer } = await call('query', 'GET', `${path}${fresh}`)
      if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(answer)}`)
      return answer as T
    },
  }
}
