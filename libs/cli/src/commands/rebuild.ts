import type { RebuildDifference, RebuildLine, RebuildRequest } from '@synap/contracts'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { CommandError } from '../command-error.ts'
import { type ConnectionFlags, withConnection } from '../connection.ts'
import { exitCodes } from '../exit-codes.ts'
import { printJson } from '../output.ts'
import { createProgress } from '../progress.ts'
import { openRebuild } from '../rebuild/open-rebuild.ts'
import { printDifferences, printReadModels, printResult, progressText } from '../rebuild/print-rebuild.ts'

interface Flags extends ConnectionFlags {
  json?: boolean
}

interface RunFlags extends Flags {
  derived: 'copy' | 'topic'
  acceptDifferences?: boolean
  expect?: string[]
  switch: boolean
  limit: number
}

/** `synap rebuild [status|back|discard]` */
export function registerRebuild(program: Command): void {
  const command = program
    .command('rebuild')
    .description('make the read model anew from the log, beside the one that is read, then switch')
    .helpCommand(false)
    .addOption(
      new Option('--derived <source>', 'texts and vectors: copied from the old one, or read from their topic')
        .choices(['copy', 'topic'])
        .default('copy'),
    )
    .option('--accept-differences', 'switch although rows differ that nothing explains')
    .option('--expect <table.column...>', 'differences there are as they should be')
    .option('--no-switch', 'make it, keep it level and compare it only')
    .option('--limit <n>', 'differences told of each kind; all are counted', parseLimit, 20)
    .option('--json', 'one JSON document: {outcome, from, to, events, differences, …, found}')
    .addHelpText(
      'after',
      `
Reads and writes go on meanwhile. Every row is compared before the switch, and
rows that differ unexplained stop it. Broken off, it goes on when it is run
again. No model is asked. For 24 hours the old one is the way back.

It needs the projector running, and DATABASE_URL of the login that migrates, or
what ./synap up wrote; a standalone does it itself, for a key with the scope
operate. Exit code 1 when it did not switch but should have.

Examples:
  $ ./synap rebuild
  $ ./synap rebuild --no-switch --limit 100
  $ ./synap rebuild --expect entities.language
  $ ./synap rebuild status`,
    )
  withConnection(command).action(async (flags: RunFlags) => {
    const { derived, limit } = flags
    await answer(flags, {
      action: 'run',
      derived,
      acceptDifferences: flags.acceptDifferences === true,
      expected: flags.expect ?? [],
      switch: flags.switch,
      limit,
    })
  })
  registerPart(command, 'status', 'show which read models there are', '{readModels}')
  registerPart(command, 'back', 'read the one before again, within 24 hours', '{outcome, from, to, …}')
  registerPart(command, 'discard', 'drop the newest one that is not read', '{discarded}')
}

function registerPart(
  command: Command,
  action: 'status' | 'back' | 'discard',
  what: string,
  json: string,
): void {
  const part = command
    .command(action)
    .description(what)
    .option('--json', `one JSON document: ${json}`)
    .addHelpText('after', `\nExample:\n  $ ./synap rebuild ${action}`)
  withConnection(part).action(async (_: Flags, self: Command) => {
    await answer(self.optsWithGlobals<Flags>(), { action })
  })
}

async function answer(flags: Flags, request: RebuildRequest): Promise<void> {
  const stop = new AbortController()
  const interrupt = () =>
    stop.abort(new CommandError('It was broken off; run it again to go on.', exitCodes.interrupted))
  process.once('SIGINT', interrupt)
  const progress = createProgress()
  const found: RebuildDifference[] = []
  try {
    for await (const line of openRebuild(flags, request, stop.signal)) {
      if ('progress' in line) progress.waiting([progressText(line.progress)])
      else if ('difference' in line) found.push(line.difference)
      else {
        progress.end()
        finish(line, found, flags.json === true)
      }
    }
  } finally {
    progress.end()
    process.off('SIGINT', interrupt)
  }
}

function finish(
  line: Exclude<RebuildLine, { progress: unknown } | { difference: unknown }>,
  found: readonly RebuildDifference[],
  json: boolean,
): void {
  if ('error' in line) throw failureOf(line.error)
  if ('readModels' in line) return json ? printJson(line) : printReadModels(line.readModels)
  if ('discarded' in line) {
    return json ? printJson(line) : console.log(`Read model ${line.discarded} is about to go.`)
  }
  const { rebuild } = line
  if (json) printJson({ ...rebuild, found })
  else {
    const { explained, unexplained } = rebuild.differences
    printDifferences(found, explained + unexplained)
    printResult(rebuild)
  }
  process.exitCode = rebuild.outcome === 'refused' ? exitCodes.failed : exitCodes.ok
}

function failureOf({ class: kind, message }: { class: string; message: string }): CommandError {
  const codes: Record<string, number> = {
    dependency: exitCodes.unavailable,
    configuration: exitCodes.configuration,
  }
  const text = message.endsWith('.') ? message : `${message}.`
  return new CommandError(`${text[0]?.toUpperCase()}${text.slice(1)}`, codes[kind] ?? exitCodes.failed)
}

function parseLimit(text: string): number {
  const limit = Number(text)
  if (!/^\d+$/.test(text) || limit > 10_000) throw new InvalidArgumentError('It is a number up to 10,000.')
  return limit
}
