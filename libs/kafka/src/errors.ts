import { type ErrorClass, SynapError } from '@synap/core'

interface Verdict {
  code: string
  class: ErrorClass
}

const forbidden: Verdict = { code: 'kafka.forbidden', class: 'configuration' }
const tooLarge: Verdict = { code: 'message.too_large', class: 'data' }

/** By the `type` of a protocol error or the `name` of a client error. What is missing here may pass with time. */
const verdicts: Readonly<Record<string, Verdict>> = {
  TOPIC_AUTHORIZATION_FAILED: forbidden,
  GROUP_AUTHORIZATION_FAILED: forbidden,
  CLUSTER_AUTHORIZATION_FAILED: forbidden,
  SASL_AUTHENTICATION_FAILED: forbidden,
  UNSUPPORTED_SASL_MECHANISM: forbidden,
  KafkaJSSASLAuthenticationError: forbidden,
  MESSAGE_TOO_LARGE: tooLarge,
  RECORD_LIST_TOO_LARGE: tooLarge,
  INVALID_TOPIC_EXCEPTION: { code: 'topic.invalid', class: 'configuration' },
  UNKNOWN_TOPIC_OR_PARTITION: { code: 'topic.unknown', class: 'dependency' },
  UNSUPPORTED_VERSION: { code: 'kafka.unsupported', class: 'configuration' },
  KafkaJSServerDoesNotSupportApiKey: { code: 'kafka.unsupported', class: 'configuration' },
  KafkaJSNotImplemented: { code: 'kafka.codec_unsupported', class: 'configuration' },
  ERR_BUFFER_TOO_LARGE: { code: 'kafka.batch_too_large', class: 'configuration' },
  KafkaJSInvariantViolation: { code: 'kafka.client_bug', class: 'bug' },
  TypeError: { code: 'kafka.client_bug', class: 'bug' },
  RangeError: { code: 'kafka.client_bug', class: 'bug' },
  ReferenceError: { code: 'kafka.client_bug', class: 'bug' },
  SyntaxError: { code: 'kafka.client_bug', class: 'bug' },
}

const unavailable: Verdict = { code: 'kafka.unavailable', class: 'dependency' }

/** What kafkajs threw, as an error that says what it calls for. `doing` is a constant phrase: `publish`. */
export function toSynapError(error: unknown, doing: string): SynapError {
  const chain = causesOf(error)
  const known = chain.find((link) => link instanceof SynapError)
  if (known !== undefined) return known
  const root = chain.at(-1)
  const names = chain.flatMap(namesOf)
  const verdict = names.map((name) => verdicts[name]).find((found) => found !== undefined) ?? unavailable
  const text = root instanceof Error ? root.message : String(root)
  return new SynapError(`${doing} failed: ${text}`, { ...verdict, cause: error, fields: { doing } })
}

/** The protocol's name of an error (`REBALANCE_IN_PROGRESS`), if it is one, however wrapped. */
export function protocolType(error: unknown): string | undefined {
  for (const link of causesOf(error)) {
    const type = Reflect.get(Object(link), 'type') as unknown
    if (typeof type === 'string') return type
  }
  return undefined
}

/** The error and its causes, outermost first. */
function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = []
  for (let link = error; link !== undefined && link !== null && chain.length < 8; ) {
    if (chain.includes(link)) break
    chain.push(link)
    link = link instanceof Error ? link.cause : undefined
  }
  return chain
}

/** Innermost fact first: the protocol's type, then the system's code, then the class of the error. */
function namesOf(link: unknown): string[] {
  if (!(link instanceof Error)) return []
  const { type, code } = link as { type?: unknown; code?: unknown }
  return [type, code, link.name].filter((name) => typeof name === 'string')
}
