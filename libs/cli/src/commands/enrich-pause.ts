import { type EnrichmentPauseResponse, type PauseKind, pauseKinds } from '@synap/contracts'
import { type Command, InvalidArgumentError } from 'commander'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { pauseSentence } from '../enrich/describe.ts'
import { type WhoseFlags, whoseOf, withWhose } from '../enrich/whose.ts'
import { printJson } from '../output.ts'

interface PauseFlags extends ConnectionFlags, WhoseFlags {
  kind?: PauseKind
  why?: string
  json?: boolean
}

const json = 'one JSON document: {changed, paused: [{kind, user, byOperator, why, since}]}'

/** `synap enrich pause` */
export function registerEnrichPause(enrich: Command): void {
  const command = enrich
    .command('pause')
    .description('hold calls of models back until they are resumed')
    .option('--kind <kind>', `${pauseKinds.join(', ')}; all by default`, parseKind)
    .option('--why <text>', 'shown to whoever asks why nothing happens')
    .option('--json', json)
    .addHelpText(
      'after',
      `
Text is read and found by its words all the same; nothing is lost and nothing
fails. It lasts until ./synap enrich resume, over restarts too.

Examples:
  $ ./synap enrich pause
  $ ./synap enrich pause --kind embed --why "the bill"
  $ ./synap enrich pause --all-users`,
    )
  withConnection(withWhose(command)).action(async (flags: PauseFlags) => {
    const { kind, why } = flags
    const request = { ...(kind && { kind }), ...(why === undefined ? {} : { why }), ...whoseOf(flags) }
    const answer = await withSynap(flags, (client) => client.pauseEnrichment(request))
    if (flags.json === true) printJson(answer)
    else printPauses(answer, 'It was paused like this already.')
  })
}

/** `synap enrich resume` */
export function registerEnrichResume(enrich: Command): void {
  const command = enrich
    .command('resume')
    .description('let calls of models go on')
    .option('--kind <kind>', `only pauses of this kind: ${pauseKinds.join(', ')}`, parseKind)
    .option('--json', json)
    .addHelpText(
      'after',
      `
Only an operator lifts what an operator paused, with --user or --all-users as it
was paused.

Examples:
  $ ./synap enrich resume
  $ ./synap enrich resume --all-users`,
    )
  withConnection(withWhose(command)).action(async (flags: PauseFlags) => {
    const { kind } = flags
    const answer = await withSynap(flags, (client) =>
      client.resumeEnrichment({ ...(kind && { kind }), ...whoseOf(flags) }),
    )
    if (flags.json === true) printJson(answer)
    else printPauses(answer, 'There was nothing to resume.')
  })
}

function printPauses({ changed, paused }: EnrichmentPauseResponse, unchanged: string): void {
  if (changed === 0) console.log(unchanged)
  if (paused.length === 0) console.log('Nothing is paused.')
  for (const pause of paused) console.log(pauseSentence(pause))
}

function parseKind(text: string): PauseKind {
  const kind = pauseKinds.find((each) => each === text)
  if (kind !== undefined) return kind
  throw new InvalidArgumentError(`It is one of ${pauseKinds.join(', ')}.`)
}
