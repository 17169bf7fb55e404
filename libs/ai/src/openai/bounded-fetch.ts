import { failure } from './errors.ts'

/**
 * `fetch` that reads the whole answer, up to a number of bytes, before it returns: the client's own deadline ends with
 * the headers, and it would buffer an answer of any size.
 *
 * A 200 that is not JSON (a proxy's page, a torn body) is `dependency`: the model has not spoken. `NaN` and `Infinity`,
 * which some servers write into vectors although JSON has no such words, become null and fail the vector's check. An
 * error that says 200 (older vLLM) gets the status that its body names.
 */
export function createBoundedFetch(mostBytes: number): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, { ...init, redirect: 'error' })
    const body = await readAll(response, mostBytes)
    if (!response.ok) return new Response(body, { status: response.status, headers: response.headers })
    const text = jsonText(new TextDecoder().decode(body))
    return new Response(text, {
      status: text.startsWith('{"object":"error"') ? statusOfError(text) : response.status,
      headers: { ...Object.fromEntries(response.headers), 'content-type': 'application/json' },
    })
  }
}

function statusOfError(text: string): number {
  const { code } = JSON.parse(text) as { code?: unknown }
  return typeof code === 'number' && code >= 400 && code <= 599 ? code : 400
}

async function readAll(response: Response, mostBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.length
    if (size > mostBytes) {
      throw failure('model.answer_too_large', 'data', 'the answer of the model server is too large', {
        fields: { mostBytes },
      })
    }
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}

function jsonText(text: string): string {
  for (const candidate of [text, text.replaceAll(/(?<=[[,]\s*)-?(?:NaN|Infinity)(?=\s*[,\]])/gu, 'null')]) {
    try {
      JSON.parse(candidate)
      return candidate
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
    }
  }
  throw failure(
    'model.invalid_body',
    'dependency',
    'the model server answered something that is not JSON',
    {},
  )
}
