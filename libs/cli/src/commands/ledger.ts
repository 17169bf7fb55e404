import { ApiError } from '@synap/client'
import type { Agreement, AgreementLine, LedgerFinding } from '@synap/contracts'
import { isUuid, type UserId } from '@synap/core'
import { type Command, InvalidArgumentError } from 'commander'
import { CommandError } from '../command-error.ts'
import { type ConnectionFlags, findConnection, withConnection, withSynap } from '../connection.ts'
import { exitCodes } from '../exit-codes.ts'
import { compareServers, hasServers, openComparison } from '../ledger/open-comparison.ts'
import { printAgreement } from '../ledger/print-agreement.ts'
import { printJson } from '../output.ts'
import { createProgress } from '../progress.ts'

interface LedgerFlags extends ConnectionFlags {
  user?: UserId
  topic: boolean
  limit: number
  json?: boolean
}

/** `synap ledger` */
export function registerLedger(program: Command): void {
  const command = program
    .command('ledger')
    .description('compare what outbox, topic, log and read model have, event by event')
    .option('--user <id>', 'of one user only', parseUser)
    .option('--no-topic', 'leave the topic out, which takes longest')
    .option('--limit <n>', 'findings told of each kind and store; all are counted', parseLimit, 20)
    .option('--json', 'one JSON document: {agrees, users, events, held, found, oldestInFlightAt, findings}')
    .addHelpText(
      'after',
      `
Names what is lost, duplicated, forked, ahead, parked and in flight, by user and
sequence. It only reads, in pages, so Synap may go on meanwhile. It reads the
servers themselves where DATABASE_URL and KAFKA_BROKERS are known, else it asks
a standalone, for which the key needs the scope operate.

Exit code 1 when the stores do not agree; what is only on its way is no fault.

Examples:
  $ ./synap ledger
  $ ./synap ledger --user $USER_ID --json`,
    )
  withConnection(command).action(async (flags: LedgerFlags) => {
    const stop = new AbortController()
    const interrupt = () => stop.abort(new CommandError('It was broken off.', exitCodes.interrupted))
    process.once('SIGINT', interrupt)
    try {
      const { agreement, findings } = await compare(flags, stop.signal)
      if (flags.json) printJson({ ...agreement, findings })
      else printAgreement(agreement, findings)
      process.exitCode = agreement.agrees ? exitCodes.ok : exitCodes.failed
    } finally {
      process.off('SIGINT', interrupt)
    }
  })
}

/** Servers can be read without knowing where Synap is. */
async function compare(flags: LedgerFlags, signal: AbortSignal): Promise<Comparison> {
  const options = { ...flags, signal }
  const servers = { env: process.env }
  if (hasServers(servers, options) && !isSynapKnown(flags)) return collect(compareServers(servers, options))
  return withSynap(flags, (client, connection) => collect(openComparison(connection, client, options)))
}

function isSynapKnown(flags: ConnectionFlags): boolean {
  try {
    findConnection(flags)
    return true
  } catch {
    return Object.values(pickConnection(flags)).some((flag) => flag !== undefined)
  }
}

const pickConnection = ({ url, ingestUrl, queryUrl, apiKey, profile }: ConnectionFlags) => ({
  url,
  ingestUrl,
  queryUrl,
  apiKey,
  profile,
})

interface Comparison {
  agreement: Agreement
  findings: LedgerFinding[]
}

async function collect(lines: AsyncIterable<AgreementLine>): Promise<Comparison> {
  const findings: LedgerFinding[] = []
  const progress = createProgress()
  try {
    for await (const line of lines) {
      if ('agreement' in line) return { agreement: line.agreement, findings }
      if ('finding' in line) findings.push(line.finding)
      else progress.waiting([progressText(line.progress)])
    }
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    const message =
      'This Synap does not tell its ledger. Run this where DATABASE_URL and KAFKA_BROKERS name its servers.'
    throw new CommandError(message, exitCodes.configuration)
  } finally {
    progress.end()
  }
  throw new CommandError('The comparison broke off.', exitCodes.unavailable)
}

function progressText({
  phase,
  done,
  of,
}: Extract<AgreementLine, { progress: unknown }>['progress']): string {
  const number = (value: number) => value.toLocaleString('en')
  if (phase === 'events') return `the stores (${number(done)} events)`
  return `the topic (${number(done)}${of === null ? '' : ` of ${number(of)}`} records)`
}

function parseUser(text: string): UserId {
  const id = text.toLowerCase()
  if (!isUuid(id)) throw new InvalidArgumentError('It is the id of a user (a UUID).')
  return id as UserId
}

function parseLimit(text: string): number {
  const limit = Number(text)
  if (!/^\d+$/.test(text) || limit > 10_000) throw new InvalidArgumentError('It is a number up to 10,000.')
  return limit
}
