import type { Command } from 'commander'
import { type ChangeFlags, changeItems, jsonOfEach, withChange } from '../change.ts'
import { registerEnrichBudget } from './enrich-budget.ts'
import { registerEnrichPause, registerEnrichResume } from './enrich-pause.ts'
import { registerEnrichProgress } from './enrich-progress.ts'
import { registerEnrichRetry } from './enrich-retry.ts'
import { registerEnrichRun } from './enrich-run.ts'
import { registerEnrichStatus } from './enrich-status.ts'

/** `synap enrich ID…`, and what has to do with enrichment as a whole. */
export function registerEnrich(program: Command): void {
  const command = program
    .command('enrich')
    .description('ask AI to look at items once more')
    .argument('<id...>', 'ids, or the beginnings that lists show')
    .addHelpText(
      'after',
      `
What a person has set stays. ./synap get shows how far it is. What was given up
is tried again with enrich retry, which pays only for what failed.

Examples:
  $ ./synap enrich 019aa0c8-7c1e
  $ ./synap enrich status
  $ ./synap enrich run --embeddings`,
    )
    .helpCommand(false)
    .enablePositionalOptions()
  withChange(command, jsonOfEach).action((ids: string[], flags: ChangeFlags) =>
    changeItems(ids, flags, { change: (client, id) => client.enrich(id), said: 'Asked for' }),
  )
  registerEnrichStatus(command)
  registerEnrichRetry(command)
  registerEnrichPause(command)
  registerEnrichResume(command)
  registerEnrichBudget(command)
  registerEnrichRun(command)
  registerEnrichProgress(command)
}
