import { ApiError } from '@synap/client'
import { SynapError } from '@synap/core'
import { CommandError } from './command-error.ts'
import { exitCodes } from './exit-codes.ts'

/** What a message needs to know of the connection. */
export interface Asked {
  ingestUrl: string
  queryUrl: string
  isLocalStack: boolean
  standalone?: { logFile: string } | undefined
  keyFrom: string
}

/** An error of the client as one message that says what to do; every other error as it is. */
export function explain(error: unknown, asked: Asked): unknown {
  if (error instanceof ApiError) {
    const [message, exitCode] = explainAnswer(error, asked)
    return new CommandError(message, exitCode)
  }
  if (!(error instanceof SynapError)) return error
  if (error.code === 'deadline.exceeded')
    return new CommandError(`${error.message}. ${whatNow(asked)}`, exitCodes.unavailable)
  if (error.code !== 'api.unexpected_answer') return error
  return new CommandError(
    `What answers at ${asked.ingestUrl} or ${asked.queryUrl} is not a Synap of this version. Check the addresses.`,
    exitCodes.configuration,
  )
}

/** `error` is of a class that a later try may change; the exit code and the message of it. */
function explainAnswer(error: ApiError, asked: Asked): [message: string, exitCode: number] {
  const said = sentence(whatWasSaid(error))
  switch (error.status) {
    case 0: {
      const where = error.origin ?? asked.ingestUrl
      return [`No answer from ${where}: ${reasonOf(error)}. ${whatNow(asked)}`, exitCodes.unavailable]
    }
    case 401:
      return [
        `The API key is not accepted. It came from ${asked.keyFrom}. ${whichKey(asked)}`,
        exitCodes.configuration,
      ]
    case 403:
      return [`The API key may not do this: ${said} It came from ${asked.keyFrom}.`, exitCodes.configuration]
    case 404:
      return [
        error.problem?.detail === undefined ? 'There is no such item in this account.' : said,
        exitCodes.failed,
      ]
    case 412:
      return [
        `It was changed meanwhile: its version is ${error.problem?.currentVersion ?? 'another'} now.`,
        exitCodes.failed,
      ]
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
      return [
        `Synap cannot answer now: ${said} Try again${isLocal(asked) ? '; ./synap status shows the parts' : ''}.`,
        exitCodes.unavailable,
      ]
    default:
      return error.status >= 500
        ? [`Synap failed: ${said} Its log says why${logOf(asked)}`, exitCodes.failed]
        : [`Synap refused this: ${said}`, exitCodes.failed]
  }
}

function whatWasSaid({ problem, status }: ApiError): string {
  const invalid = (problem?.errors ?? [])
    .map(({ path, message }) => `${path.replace(/^body\./, '')} ${message}`)
    .join(', ')
  const said = problem?.detail ?? problem?.title ?? `status ${status}`
  return invalid === '' ? said : `${said}: ${invalid}`
}

const isLocal = ({ isLocalStack, standalone }: Asked): boolean => isLocalStack || standalone !== undefined

function logOf({ isLocalStack, standalone }: Asked): string {
  if (standalone !== undefined) return `: ${standalone.logFile}`
  return isLocalStack ? ': .synap/logs/' : '.'
}

function whatNow({ isLocalStack, standalone }: Asked): string {
  if (standalone !== undefined)
    return `./synap status shows whether it runs, ./synap start starts it; its log: ${standalone.logFile}`
  return isLocalStack
    ? 'Is it running? ./synap status shows it, ./synap up starts it (or ./synap start, all in one process).'
    : 'Is it running, and is the address right?'
}

function whichKey(asked: Asked): string {
  const isVariable = asked.keyFrom.includes('SYNAP_API_KEY')
  const command = asked.standalone === undefined ? './synap up' : './synap start'
  if (isLocal(asked) && isVariable) return `Unset it, and the key that ${command} wrote is taken.`
  if (asked.standalone !== undefined)
    return 'Was it revoked? ./synap help keys create says how to get another.'
  return asked.isLocalStack
    ? 'Run ./synap up again: it makes a key that works.'
    : 'Is it a key of this Synap?'
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection broke',
  UND_ERR_SOCKET: 'the connection broke',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
}

/** Why no answer came: `fetch` buries it in causes. */
function reasonOf(error: Error): string {
  let last: unknown = error
  for (let current: unknown = error; current instanceof Error; current = current.cause) {
    const { code } = current as NodeJS.ErrnoException
    const reason = code === undefined ? undefined : reasons[code]
    if (reason !== undefined) return reason
    last = current
  }
  return last instanceof Error ? last.message : 'no reason is known'
}

const sentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`)
