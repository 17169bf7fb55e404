import type { EnrichmentStatus } from '@synap/contracts'
import type { Command } from 'commander'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { costSentence, dollars, pauseSentence } from '../enrich/describe.ts'
import { embeddingLine } from '../enrich/describe-enrichment.ts'
import { type WhoseFlags, whoseOf, withWhose } from '../enrich/whose.ts'
import { plain, printJson, printTable } from '../output.ts'
import { paint } from '../paint.ts'
import { shortTime } from '../relative-time.ts'

/** `synap enrich status` */
export function registerEnrichStatus(enrich: Command): void {
  const command = enrich
    .command('status')
    .description('what enrichment costs, what it may cost, what holds it back and what waits')
    .option(
      '--json',
      'one JSON document: {user, day, nextDayAt, today, total, limits, paused, open, embedding, waiting}',
    )
    .addHelpText(
      'after',
      `
A day is one in UTC. Exit code 0 whatever it says.

Examples:
  $ ./synap enrich status
  $ ./synap enrich status --all-users --json`,
    )
  withConnection(withWhose(command)).action(
    async (flags: ConnectionFlags & WhoseFlags & { json?: boolean }) => {
      const status = await withSynap(flags, (client) => client.enrichment(whoseOf(flags)))
      if (flags.json === true) printJson(status)
      else printStatus(status)
    },
  )
}

function printStatus(status: EnrichmentStatus): void {
  const { today, total, limits, nextDayAt, paused, open, embedding, waiting } = status
  console.log(`Today   ${costSentence(today)}`)
  console.log(`Total   ${costSentence(total)}`)
  console.log(`Limits  ${limitsSentence(limits)} A new day begins ${shortTime(nextDayAt)}.`)
  for (const pause of paused) console.log(paint.yellow(pauseSentence(pause)))
  console.log(
    open === 0
      ? 'No item is under way.'
      : `${open.toLocaleString('en')} ${open === 1 ? 'item' : 'items'} under way.`,
  )
  const line = embedding && embeddingLine(embedding)
  if (line) console.log(line)
  if (waiting.length === 0) return
  console.log('')
  printTable(
    ['step', 'state', 'why', 'items', 'goes on'],
    waiting.map(({ step, state, reason, items, nextAt }) => [
      step,
      state === 'failed' ? paint.red(state) : paint.yellow(state),
      plain(reason),
      items.toLocaleString('en'),
      nextAt === null ? (state === 'failed' ? './synap enrich retry' : 'when resumed') : shortTime(nextAt),
    ]),
  )
}

function limitsSentence({ calls, tokens, cost, own }: EnrichmentStatus['limits']): string {
  const parts = [
    ...(calls === null ? [] : [`${calls.toLocaleString('en')} calls`]),
    ...(tokens === null ? [] : [`${tokens.toLocaleString('en')} tokens`]),
    ...(cost === null ? [] : [dollars(cost)]),
  ]
  if (parts.length === 0) return `none${own ? ', by a budget of their own' : ''}.`
  return `${parts.join(', ')} a day${own ? ', a budget of their own' : ''}.`
}
