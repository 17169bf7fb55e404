import type { SynapClient } from '@synap/client'
import type { EnrichmentResponse, EnrichmentView } from '@synap/contracts'
import { wait } from '@synap/core'
import { formatDuration } from '@synap/servers'
import type { Command } from 'commander'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { describeEstimate, describeProgress, outcomeLine } from '../enrich/describe-enrichment.ts'
import { exitCodes } from '../exit-codes.ts'
import { note, printJson } from '../output.ts'
import { createProgress } from '../progress.ts'

interface RunFlags extends ConnectionFlags {
  embeddings?: boolean
  yes?: boolean
  wait: boolean
  json?: boolean
}

/** `synap enrich run` */
export function registerEnrichRun(enrich: Command): void {
  const command = enrich
    .command('run')
    .description('say what work on many items would take, and do it with --yes')
    .requiredOption(
      '--embeddings',
      'vectors of the model in the settings for everything, then search by them',
    )
    .option('--yes', 'do it: without, nothing is begun')
    .option('--no-wait', 'begin it, and do not wait for its end')
    .option('--json', 'one JSON document: {dryRun, model, searchedBy, estimate, enrichment}')
    .addHelpText(
      'after',
      `
Without --yes it only says how many items, tokens and dollars it would take, as
an estimate. Search goes on by the old vectors until every item has new ones.
Ctrl-C ends the waiting, not the work: ./synap enrich runs, ./synap enrich
cancel. No language model is asked again. Exit code 1 when it did not come to
its end.

Examples:
  $ ./synap enrich run --embeddings
  $ ./synap enrich run --embeddings --yes`,
    )
  withConnection(command).action(async (flags: RunFlags) => {
    process.exitCode = await run(flags)
  })
}

async function run(flags: RunFlags): Promise<number> {
  const { value: answer } = await withSynap(flags, async (client) => {
    const answered = await client.enrichMany({ kind: 'embed', dryRun: flags.yes !== true })
    if (!flags.json) for (const line of describeEstimate(answered)) console.log(line)
    const { enrichment } = answered
    if (answered.dryRun || !flags.wait || enrichment === null) return { value: answered }
    return { value: { ...answered, enrichment: await untilOver(client, enrichment) } }
  })
  if (flags.json) printJson(answer)
  else tell(answer, flags)
  return hasFailed(answer, flags) ? exitCodes.failed : exitCodes.ok
}

function tell({ dryRun, enrichment }: EnrichmentResponse, flags: RunFlags): void {
  if (dryRun) {
    note(
      enrichment === null
        ? 'Nothing was begun. Do it: ./synap enrich run --embeddings --yes'
        : `This is under way already: ${describeProgress(enrichment)}`,
    )
  } else if (enrichment !== null) {
    console.log(flags.wait ? outcomeLine(enrichment) : `Begun: ${enrichment.id}. ./synap enrich runs`)
  }
}

function hasFailed({ dryRun, enrichment }: EnrichmentResponse, flags: RunFlags): boolean {
  return !dryRun && flags.wait && enrichment?.state !== 'done'
}

const pollMs = 500
const over = (view: EnrichmentView) => view.finishedAt !== null

async function untilOver(client: SynapClient, begun: EnrichmentView): Promise<EnrichmentView> {
  const progress = createProgress()
  try {
    for (let view = begun; ; view = await client.enrichmentRun(view.id)) {
      // It waits for a person: so long nobody should.
      if (over(view) || view.reason === 'too_many_failures') return view
      const left = view.remainingMs === null ? '' : `, about ${formatDuration(view.remainingMs)} left`
      progress.waiting([`${describeProgress(view)}${left}`])
      await wait(pollMs, new AbortController().signal)
    }
  } finally {
    progress.end()
  }
}
