import type { EnrichmentRetryResponse } from '@synap/contracts'
import type { Command } from 'commander'
import { CommandError } from '../command-error.ts'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { type WhoseFlags, whoseOf, withWhose } from '../enrich/whose.ts'
import { exitCodes } from '../exit-codes.ts'
import { findItem } from '../item-id.ts'
import { plain, printJson, printTable } from '../output.ts'

interface RetryFlags extends ConnectionFlags, WhoseFlags {
  item?: string
  reason?: string
  all?: boolean
  dryRun?: boolean
  json?: boolean
}

/** `synap enrich retry` */
export function registerEnrichRetry(enrich: Command): void {
  const command = enrich
    .command('retry')
    .description('try again what was given up, or waits for its next try')
    .option('--item <id>', 'one item: its id, or the beginning that lists show')
    .option('--reason <word>', 'all of one reason, such as model.refused')
    .option('--all', 'whatever the reason')
    .option('--dry-run', 'say what would be tried, and mark nothing')
    .option('--json', 'one JSON document: {dryRun, steps, byReason: [{step, reason, items}]}')
    .addHelpText(
      'after',
      `
Only what failed is done again: an analysis that was paid for is not paid for
twice. The enricher begins within seconds; what is held back by a budget or a
pause is not tried. ./synap enrich status shows the reasons.

Examples:
  $ ./synap enrich retry --all --dry-run
  $ ./synap enrich retry --reason model.refused
  $ ./synap enrich retry --item 019aa0c8-7c1e`,
    )
  withConnection(withWhose(command)).action(async (flags: RetryFlags) => {
    const { item, reason, all, dryRun = false } = flags
    if (item === undefined && reason === undefined && all !== true) {
      throw new CommandError('Say what: --item ID, --reason WORD or --all.', exitCodes.usage)
    }
    const answer = await withSynap(flags, async (client) => {
      const entity = item === undefined ? {} : { entity: (await findItem(client, item)).id }
      const word = reason === undefined ? {} : { reason }
      return client.retryEnrichment({ ...entity, ...word, ...whoseOf(flags), dryRun })
    })
    if (flags.json === true) printJson(answer)
    else printRetry(answer)
  })
}

function printRetry({ dryRun, steps, byReason }: EnrichmentRetryResponse): void {
  if (steps === 0) return console.log('There is nothing to try again.')
  printTable(
    ['step', 'reason', 'items'],
    byReason.map(({ step, reason, items }) => [step, plain(reason), items.toLocaleString('en')]),
  )
  console.log('')
  const count = `${steps.toLocaleString('en')} ${steps === 1 ? 'step' : 'steps'}`
  console.log(dryRun ? `${count} would be tried again.` : `${count} will be tried again within seconds.`)
}
