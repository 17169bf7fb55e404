import { describeError, SynapError } from '@synap/core'

/** The answer of a schema registry: the JSON text of it, or that it does not know what was asked for. */
export type RegistryAnswer = { found: true; text: string } | { found: false }

/** A registry's schema is some kilobytes; a larger answer is a mistake or an attack. */
const maxAnswerBytes = 1024 * 1024

/**
 * One request to the Confluent API. Its own HTTP and not the registry client's: that has no deadline (R1), reports a
 * network failure as status 400 (R4) and hands out parsed schemas, while the text is what is pinned by fingerprint.
 *
 * Rejects with class `dependency` when the registry is away, slow or broken, with `configuration` when it refuses.
 */
export async function askRegistry(
  baseUrl: string,
  path: string,
  options: { deadlineMs: number; put?: unknown },
): Promise<RegistryAnswer> {
  const response = await send(`${baseUrl.replace(/\/+$/, '')}${path}`, options)
  const { status, text } = response
  if (status >= 200 && status < 300) return { found: true, text: assertJson(text, path) }
  const fields = { path, status }
  if (status === 401 || status === 403) {
    throw new SynapError('the schema registry refuses this client', {
      code: 'registry.forbidden',
      class: 'configuration',
      fields,
    })
  }
  // The API's own "not found" carries a code; anything else with 404 is another server or a wrong path.
  if (status === 404 && /"error_code"\s*:\s*404\d\d/.test(text)) return { found: false }
  if (status === 429 || status >= 500) {
    throw new SynapError(`the schema registry answered ${status}`, {
      code: 'registry.unavailable',
      class: 'dependency',
      fields,
    })
  }
  throw new SynapError(
    `the schema registry answered ${status}: is the path of its Confluent API in the URL?`,
    {
      code: 'registry.refused',
      class: 'configuration',
      fields,
    },
  )
}

async function send(
  url: string,
  { deadlineMs, put }: { deadlineMs: number; put?: unknown },
): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(deadlineMs),
      redirect: 'error',
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      ...(put === undefined ? {} : { method: 'PUT', body: JSON.stringify(put) }),
    })
    const text = await response.text()
    return { status: response.status, text }
  } catch (error) {
    throw new SynapError(`the schema registry did not answer: ${describeError(error)}`, {
      code: 'registry.unavailable',
      class: 'dependency',
      cause: error,
    })
  }
}

function assertJson(text: string, path: string): string {
  try {
    JSON.parse(text)
    if (text.length <= maxAnswerBytes) return text
  } catch {
    // A proxy's page in place of the registry's answer.
  }
  throw new SynapError('the schema registry answered with something that is no JSON of a sane size', {
    code: 'registry.unavailable',
    class: 'dependency',
    fields: { path, bytes: text.length },
  })
}
