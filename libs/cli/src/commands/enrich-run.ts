import type { SynapClient } from '@synap/client'
import {
  type EnrichmentFilter,
  type EnrichmentRequest,
  type EnrichmentResponse,
  type EnrichmentView,
  enrichmentWishes,
  entityTypes,
} from '@synap/contracts'
import { wait } from '@synap/core'
import { formatDuration } from '@synap/servers'
import { type Command, Option } from 'commander'
import { CommandError } from '../command-error.ts'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { describeEstimate, describeProgress, outcomeLine } from '../enrich/describe-enrichment.ts'
import { exitCodes } from '../exit-codes.ts'
import { oneOf, several } from '../item-filter.ts'
import { note, printJson } from '../output.ts'
import { parseMoment } from '../parse-moment.ts'
import { createProgress } from '../progress.ts'

interface RunFlags extends ConnectionFlags {
  embeddings?: boolean
  type?: EnrichmentFilter['type']
  tag?: string[]
  createdAfter?: string
  createdBefore?: string
  status?: EnrichmentFilter['status']
  model?: string
  promptVersion?: string
  yes?: boolean
  wait: boolean
  json?: boolean
}

/** `synap enrich run` */
export function registerEnrichRun(enrich: Command): void {
  const command = enrich
    .command('run')
    .description('say what work on many items would take, and do it with --yes')
    .addOption(oneOf('-t, --type <type>', 'only items of this type, or one of these', entityTypes))
    .option('--tag <name>', 'only items with this tag; given again, with all of them', several)
    .option('--created-after <when>', 'only what was captured since: 3d, yesterday, 2026-11-21', parseMoment)
    .option('--created-before <when>', 'only what was captured before', parseMoment)
    .addOption(
      new Option(
        '--status <status>',
        'only what failed, was never analysed, or not as it would be now',
      ).choices(enrichmentWishes),
    )
    .option('--model <name>', 'only what this model analysed last')
    .option('--prompt-version <name>', 'only what was analysed last with this prompt')
    .option('--embeddings', 'vectors of the model in the settings for everything, then search by them')
    .option('--yes', 'do it: without, nothing is begun')
    .option('--no-wait', 'begin it, and do not wait for its end')
    .option('--json', 'one JSON document: {dryRun, model, searchedBy, estimate, enrichment}')
    .addHelpText(
      'after',
      `
Without --yes it only says how many items, tokens and dollars it would take, as
an estimate. What a person has set stays, and what was rejected is not proposed
again. It comes behind what is captured meanwhile, under the same pauses and
budgets. Ctrl-C ends the waiting, not the work: ./synap enrich runs, ./synap
enrich cancel. Exit code 1 when it did not come to its end.

With --embeddings no language model is asked, and search goes on by the old
vectors until every item has new ones.

Examples:
  $ ./synap enrich run --status failed
  $ ./synap enrich run --status outdated --type note --tag work --yes
  $ ./synap enrich run --embeddings
  $ ./synap enrich run --embeddings --yes`,
    )
  withConnection(command).action(async (flags: RunFlags) => {
    process.exitCode = await run(flags)
  })
}

async function run(flags: RunFlags): Promise<number> {
  const { value: answer } = await withSynap(flags, async (client) => {
    const answered = await client.enrichMany(requestOf(flags))
    if (!flags.json) for (const line of describeEstimate(answered)) console.log(line)
    const { enrichment } = answered
    if (answered.dryRun || !flags.wait || enrichment === null) return { value: answered }
    return { value: { ...answered, enrichment: await untilOver(client, enrichment) } }
  })
  if (flags.json) printJson(answer)
  else tell(answer, flags)
  return hasFailed(answer, flags) ? exitCodes.failed : exitCodes.ok
}

function requestOf(flags: RunFlags): EnrichmentRequest {
  const dryRun = flags.yes !== true
  const { type, tag, createdAfter, createdBefore, status, model, promptVersion } = flags
  const filter: EnrichmentFilter = {
    ...(type && { type }),
    ...(tag && { tag }),
    ...(createdAfter && { createdAfter }),
    ...(createdBefore && { createdBefore }),
    ...(status && { status }),
    ...(model && { model }),
    ...(promptVersion && { promptVersion }),
  }
  const isNarrowed = Object.keys(filter).length > 0
  if (flags.embeddings !== true) return { kind: 'analyse', dryRun, ...(isNarrowed && { filter }) }
  if (!isNarrowed) return { kind: 'embed', dryRun }
  throw new CommandError('--embeddings is about everything: leave the other filters out.', exitCodes.usage)
}

function tell({ dryRun, enrichment }: EnrichmentResponse, flags: RunFlags): void {
  if (dryRun) {
    note(
      enrichment === null
        ? 'Nothing was begun. Do it: the same with --yes'
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
