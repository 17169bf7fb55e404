import { modelSentence, modelSettings } from '../model-settings.ts'
import { type Check, type Finding, failed, ok, warning } from './check.ts'
import { counted } from './counted.ts'

export const model: Check = {
  name: 'model',
  deadlineMs: 10_000,
  otherwise: () => 'Is OPENAI_BASE_URL right, and does it run? Unset it to go on offline',
  run: async ({ environment }, signal) => {
    const settings = modelSettings(environment)
    if (settings === undefined) return ok(`${modelSentence(settings)} (OPENAI_API_KEY, OPENAI_BASE_URL)`)
    const { key, name } = settings
    const url = `${settings.url}/models`
    const headers: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {}
    const response = await fetch(url, { headers, signal }).catch(() => {
      signal.throwIfAborted()
      return undefined
    })
    if (response === undefined) return judgeModels(url, undefined, [], name)
    return judgeModels(url, response.status, await namesIn(response), name)
  },
}

/** `status` undefined: nothing answered. `wanted`: the model that OPENAI_MODEL names. */
export function judgeModels(
  url: string,
  status: number | undefined,
  names: readonly string[],
  wanted: string | undefined,
): Finding {
  const unset = 'or unset OPENAI_BASE_URL and OPENAI_API_KEY to go on offline'
  if (status === undefined) return failed(`nothing answers at ${url}`, `Start the model's server, ${unset}`)
  if (status === 401 || status === 403)
    return failed(
      `${url} does not accept the key (${status})`,
      `Set OPENAI_API_KEY to a key that works, ${unset}`,
    )
  if (status !== 200)
    return failed(`${url} answers ${status}`, `Is OPENAI_BASE_URL right? It often ends in /v1; ${unset}`)
  if (wanted && names.length > 0 && !names.includes(wanted))
    return warning(
      `${url} answers, without the model ${wanted}`,
      `Set OPENAI_MODEL to one of: ${names.slice(0, 5).join(', ')}`,
    )
  return ok(`${url} answers with ${counted(names.length, 'model')}`)
}

async function namesIn(response: Response): Promise<string[]> {
  try {
    const { data } = (await response.json()) as { data?: { id?: string }[] }
    return (data ?? []).flatMap(({ id }) => (id === undefined ? [] : [id]))
  } catch {
    return []
  }
}
