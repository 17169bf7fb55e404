import type { SynapClient } from '@synap/client'
import type { ParkedActionResponse, ParkedGroup } from '@synap/contracts'
import { wait } from '@synap/core'
import { type Command, InvalidArgumentError } from 'commander'
import { CommandError } from '../command-error.ts'
import { confirm } from '../confirm.ts'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { exitCodes } from '../exit-codes.ts'
import { note, printJson } from '../output.ts'
import { findParkedGroup } from '../parked/find-group.ts'
import { createProgress } from '../progress.ts'

interface RetryFlags extends ConnectionFlags {
  dryRun?: boolean
  wait: boolean
  json?: boolean
}

/** `synap parked retry` */
export function registerParkedRetry(parked: Command): void {
  const command = parked
    .command('retry')
    .description('try a group again, and what waits behind it, in order')
    .argument('<group>', 'its id, or the beginning of it')
    .option('--dry-run', 'say what would be tried, and mark nothing')
    .option('--no-wait', 'mark it, and do not wait for what becomes of it')
    .option('--json', 'one JSON document: {group, dryRun, events, waiting, applied}')
    .addHelpText(
      'after',
      `
The consumer tries it within seconds; one that does not run, when it is back.
Exit code 1 when something of it is still parked.

Examples:
  $ ./synap parked retry 3fa9c21b07de --dry-run
  $ ./synap parked retry 3fa9c21b07de`,
    )
  withConnection(command).action(async (text: string, flags: RetryFlags) => {
    const dryRun = flags.dryRun === true
    const { answer, applied } = await withSynap(flags, async (client) => {
      const group = await findParkedGroup(client, text)
      const before = await countApplied(client, group.id)
      const marked = await client.retryParked(group.id, { dryRun, upTo: group.upTo })
      if (dryRun || !flags.wait) return { answer: marked, applied: null }
      await untilTried(client, group)
      return { answer: marked, applied: (await countApplied(client, group.id)) - before }
    })
    const { group, events, waiting } = answer
    if (flags.json) printJson({ group, dryRun, events, waiting, applied })
    else console.log(retryLine(answer, applied))
    if (applied !== null && applied < events) process.exitCode = exitCodes.failed
  })
}

function retryLine({ dryRun, events, waiting }: ParkedActionResponse, applied: number | null): string {
  const behind = waiting === 0 ? '' : `, and ${waiting} behind them as far as they go`
  if (dryRun) return `${events} would be tried${behind}.`
  if (applied === null) return `${events} are tried within seconds${behind}.`
  const rest = applied < events ? ' ./synap parked list says why the others are still there.' : ''
  return `${applied} of ${events} applied${waiting === 0 ? '' : `, then what waited behind them (${waiting})`}.${rest}`
}

const pollMs = 500
const patienceMs = 90_000

async function countApplied(client: SynapClient, id: string): Promise<number> {
  const { items } = await client.parked({ state: 'closed' })
  const group = items.find((each) => each.id === id)
  return group === undefined ? 0 : group.events - group.discarded
}

async function untilTried(client: SynapClient, group: ParkedGroup): Promise<void> {
  const { id, consumer } = group
  const progress = createProgress()
  const signal = AbortSignal.timeout(patienceMs)
  try {
    for (;;) {
      const { items } = await client.parked({ consumer })
      const marked = items.find((each) => each.id === id)?.retrying ?? 0
      const left = marked > 0 ? marked : await countStarted(client, group)
      if (left === 0) return
      if (signal.aborted) {
        const text =
          marked > 0
            ? `The ${consumer} has not tried it yet: does it run? It stays marked.`
            : `The ${consumer} has begun it and not come back: it may have died of it. ./synap parked show ${id}`
        throw new CommandError(text, exitCodes.unavailable)
      }
      progress.waiting([`the ${consumer} (${left.toLocaleString('en')} to try)`])
      await wait(pollMs, new AbortController().signal)
    }
  } finally {
    progress.end()
  }
}

/** Deadly bytes lose their mark before they are decoded: they are tried when something comes after `started`. */
async function countStarted(client: SynapClient, { id, reason, upTo }: ParkedGroup): Promise<number> {
  if (reason !== 'killer') return 0
  const { items } = await client.parkedEvents(id, { limit: 200 })
  return items.filter((event) => event.id <= upTo && event.history.at(-1)?.step === 'started').length
}

interface DiscardFlags extends ConnectionFlags {
  reason: string
  dryRun?: boolean
  yes?: boolean
  json?: boolean
}

/** `synap parked discard` */
export function registerParkedDiscard(parked: Command): void {
  const command = parked
    .command('discard')
    .description('give a group up; what waits behind it goes on without it')
    .argument('<group>', 'its id, or the beginning of it')
    .requiredOption('--reason <text>', 'why; kept with the events', parseReason)
    .option('--dry-run', 'say what would be given up, and what that means')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'one JSON document: {group, dryRun, events, waiting, ifDiscarded}')
    .addHelpText(
      'after',
      `
Nothing takes it back. Only what is parked now is given up, nothing that is
parked while you decide. Who did it, when and why stays: parked list --closed.

Examples:
  $ ./synap parked discard 3fa9c21b07de --reason "a forged record" --dry-run
  $ ./synap parked discard 3fa9c21b07de --reason "a forged record" --yes`,
    )
  withConnection(command).action(async (text: string, flags: DiscardFlags) => {
    const dryRun = flags.dryRun === true
    const answer = await withSynap(flags, async (client) => {
      const group = await findParkedGroup(client, text)
      const { events, waiting, users, ifDiscarded, upTo } = group
      if (!dryRun) {
        note(
          `${events} parked by the ${group.consumer}, of ${users} users, ${waiting} waiting behind. ${ifDiscarded}`,
        )
        await confirm(`Give ${events === 1 ? 'it' : `all ${events}`} up?`, flags.yes)
      }
      return client.discardParked(group.id, { reason: flags.reason, upTo, dryRun })
    })
    if (flags.json) return printJson(answer)
    const { events, waiting, ifDiscarded } = answer
    const behind = waiting === 0 ? '' : ` ${waiting} behind them go on without them.`
    console.log(
      dryRun
        ? `${events} would be given up.${behind} ${ifDiscarded ?? ''}`.trim()
        : `${events} given up.${behind}`,
    )
  })
}

function parseReason(text: string): string {
  if (text.trim().length >= 3 && text.length <= 500) return text.trim()
  throw new InvalidArgumentError('It says why, in 3 to 500 characters.')
}
