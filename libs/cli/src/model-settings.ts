import { readSecret } from './stack-environment.ts'

/** Where the openai package asks without an address of its own. */
const openAi = 'https://api.openai.com/v1'

export interface ModelSettings {
  /** Base address of the API, without a slash at the end. */
  url: string
  key: string | undefined
  /** What OPENAI_MODEL names. */
  name: string | undefined
}

/** The model that this environment names; undefined: offline, as the services choose it. */
export function modelSettings(environment: Readonly<NodeJS.ProcessEnv>): ModelSettings | undefined {
  const key = environment['OPENAI_API_KEY'] || readSecret(environment['OPENAI_API_KEY_FILE'])
  const base = environment['OPENAI_BASE_URL']
  if (!key && !base) return undefined
  const url = (base || openAi).replace(/\/+$/, '')
  return { url, key: key || undefined, name: environment['OPENAI_MODEL'] || undefined }
}

/** For people, in one line. */
export function modelSentence(settings: ModelSettings | undefined): string {
  if (settings === undefined) return 'offline: rules that imitate one, nothing leaves this machine'
  return settings.name === undefined ? settings.url : `${settings.name} at ${settings.url}`
}
