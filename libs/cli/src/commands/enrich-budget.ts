import type { EnrichmentBudget } from '@synap/contracts'
import { type Command, InvalidArgumentError } from 'commander'
import { CommandError } from '../command-error.ts'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { parseUser } from '../enrich/whose.ts'
import { exitCodes } from '../exit-codes.ts'
import { printJson } from '../output.ts'

interface BudgetFlags extends ConnectionFlags {
  calls?: number
  tokens?: number
  cost?: number
  unlimited?: boolean
  default?: boolean
  json?: boolean
}

/** `synap enrich budget USER` */
export function registerEnrichBudget(enrich: Command): void {
  const command = enrich
    .command('budget')
    .description('say what one user may use in a day')
    .argument('<user>', 'id of the user', parseUser)
    .option('--calls <n>', 'calls of models', parseCount)
    .option('--tokens <n>', 'tokens', parseCount)
    .option('--cost <dollars>', 'US dollars', parseDollars)
    .option('--unlimited', 'no limit but those of everybody together')
    .option('--default', 'the limits of the settings again')
    .option('--json', 'one JSON document: {user, budget: {calls, tokens, cost} | null}')
    .addHelpText(
      'after',
      `
Needs the scope operate. What is not named has no limit. It counts from now on:
what waited for the old budget looks again.

Examples:
  $ ./synap enrich budget 019aa0c8-7c1e-7cc0-b8a5-57a05d1a3c6e --cost 1.50
  $ ./synap enrich budget 019aa0c8-7c1e-7cc0-b8a5-57a05d1a3c6e --default`,
    )
  withConnection(command).action(async (user: ReturnType<typeof parseUser>, flags: BudgetFlags) => {
    const budget = budgetOf(flags)
    await withSynap(flags, async (client) => {
      if (budget === null) await client.dropBudget(user)
      else await client.setBudget(user, budget)
    })
    if (flags.json === true) printJson({ user, budget })
    else console.log(budget === null ? 'The limits of the settings hold again.' : 'It counts from now on.')
  })
}

function budgetOf(flags: BudgetFlags): EnrichmentBudget | null {
  const { calls = null, tokens = null, cost = null, unlimited = false } = flags
  const named = [calls !== null || tokens !== null || cost !== null, unlimited, flags.default === true]
  if (named.filter(Boolean).length !== 1) {
    throw new CommandError(
      'Say how much: --calls, --tokens and --cost, or --unlimited, or --default.',
      exitCodes.usage,
    )
  }
  return flags.default === true ? null : { calls, tokens, cost }
}

function parseCount(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a whole number.')
}

function parseDollars(text: string): number {
  if (/^\d{1,6}(\.\d{1,9})?$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is an amount of US dollars, such as 1.50.')
}
