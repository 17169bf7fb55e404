import type { Command } from 'commander'
import { CommandError } from '../command-error.ts'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { describeProgress, outcomeLine } from '../enrich/describe-enrichment.ts'
import { exitCodes } from '../exit-codes.ts'
import { plain, printJson, printTable } from '../output.ts'
import { relativeTime } from '../relative-time.ts'

type Flags = ConnectionFlags & { json?: boolean }

/** `synap enrich runs`, `synap enrich cancel` */
export function registerEnrichProgress(enrich: Command): void {
  const runs = enrich
    .command('runs')
    .description('show work on many items, how far it is, and by which model search compares')
    .option('--json', 'one JSON document: {model, searchedBy, items}')
    .addHelpText(
      'after',
      `
Examples:
  $ ./synap enrich runs
  $ ./synap enrich runs --json`,
    )
  withConnection(runs).action(showRuns)

  const cancel = enrich
    .command('cancel')
    .description('end work on many items, and take back what it made')
    .argument('[id]', 'its id; the one under way when it is left out')
    .option('--json', 'one JSON document: the work')
    .addHelpText(
      'after',
      `
Search stays as it is. What was paid for is kept: to begin again costs nothing
twice. Once the items have switched, the way back is the other model in the
settings, and another ./synap enrich run --embeddings.

Example:
  $ ./synap enrich cancel`,
    )
  withConnection(cancel).action(cancelRun)
}

async function showRuns(flags: Flags): Promise<void> {
  const { value: list } = await withSynap(flags, async (client) => ({ value: await client.enrichmentRuns() }))
  if (flags.json) return printJson(list)
  const { model, searchedBy, items } = list
  console.log(`Search compares by ${searchedBy === null ? 'nothing yet' : plain(searchedBy)}.`)
  if (model !== null && searchedBy !== null && model !== searchedBy) {
    console.log(
      `The settings name ${plain(model)}: ./synap enrich run --embeddings says what the change takes.`,
    )
  }
  if (items.length === 0) return
  printTable(
    ['id', 'asked for', 'how far'],
    items.map((view) => [view.id, relativeTime(view.requestedAt), describeProgress(view)]),
  )
}

async function cancelRun(id: string | undefined, flags: Flags): Promise<void> {
  const { value: view } = await withSynap(flags, async (client) => {
    const { items } = id === undefined ? await client.enrichmentRuns() : { items: [] }
    const wanted = id ?? items.find(({ finishedAt }) => finishedAt === null)?.id
    if (wanted === undefined) throw new CommandError('Nothing is under way.', exitCodes.failed)
    return { value: await client.cancelEnrichmentRun(wanted) }
  })
  if (flags.json) return printJson(view)
  console.log(view.finishedAt === null ? 'It ends within seconds: ./synap enrich runs' : outcomeLine(view))
}
