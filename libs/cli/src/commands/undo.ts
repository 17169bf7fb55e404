import { ApiError } from '@synap/client'
import { isUuid, wait } from '@synap/core'
import type { Command } from 'commander'
import { awaitReads, type ChangeFlags, withChange } from '../change.ts'
import { CommandError } from '../command-error.ts'
import { withSynap } from '../connection.ts'
import { exitCodes } from '../exit-codes.ts'
import { clip, note, printJson } from '../output.ts'
import { paint } from '../paint.ts'
import { lastUndoable } from '../undo/choose-event.ts'
import { type PastEvent, whatIsUndone, whatItDid } from '../undo/describe-undo.ts'
import { findSubject, type Subject } from '../undo/subject.ts'

interface UndoFlags extends ChangeFlags {
  dryRun?: boolean
}

/** `synap undo ID [EVENT]` */
export function registerUndo(program: Command): void {
  const command = program
    .command('undo')
    .description('take a change back: the last one, or any')
    .argument('<id>', 'an item, a link (its whole id), or me: your tags and settings')
    .argument('[event]', 'which change: its version in the history, or the id of the event')
    .option('--dry-run', 'say what would be undone, and change nothing')
    .addHelpText(
      'after',
      `
Without an event it is the last change that is still in force, so that a second
undo goes one step further; what AI did comes last. An undo is a change like
others: named by its version, it can be undone too. A change that a later one of
the same thing stands on is refused. ./synap history shows the versions. A
deleted item is found by its whole id.

Examples:
  $ ./synap undo 019aa0c8-7c1e --dry-run
  $ ./synap undo 019aa0c8-7c1e
  $ ./synap undo 019aa0c8-7c1e 3
  $ ./synap undo me`,
    )
  const json = 'one JSON document: {dryRun, undone, id, version, sequence, correlationId}'
  withChange(command, json).action(async (text: string, which: string | undefined, flags: UndoFlags) => {
    await withSynap(flags, async (client) => {
      const subject = await findSubject(client, text)
      if (flags.dryRun) return printUndone((await choose(subject, which)).event, null, flags)
      const { event, numbers } = await undo(subject, which)
      printUndone(event, numbers, flags)
      await awaitReads(client, flags, numbers.sequence)
    })
  })
}

const patienceMs = 10_000
const stepMs = 150

/**
 * Undoes a change. Which one is the last is decided on the log, which is behind the write side by moments: where it was,
 * the server says so and it is decided again.
 */
async function undo(subject: Subject, which: string | undefined) {
  const patience = AbortSignal.timeout(patienceMs)
  for (;;) {
    const { event, newest } = await choose(subject, which)
    const expected = which === undefined ? { ifMatch: newest } : {}
    try {
      return { event, numbers: await subject.undo(event.id, expected) }
    } catch (error) {
      if (which !== undefined || !(error instanceof ApiError) || error.status !== 412) throw error
      await wait(stepMs, patience).catch(() => {
        throw error
      })
    }
  }
}

interface Chosen {
  event: PastEvent
  /** The version that it was chosen on. */
  newest: number
}

async function choose(subject: Subject, which: string | undefined): Promise<Chosen> {
  const events = await subject.events()
  const newest = events[0]?.version ?? 0
  if (which === undefined) {
    const last = lastUndoable(events)
    if (last !== undefined) return { event: last, newest }
    throw new CommandError('There is no change to undo. ./synap history shows what happened.')
  }
  const wanted = which.toLowerCase()
  const found = events.filter(({ id, version }) =>
    /^\d{1,7}$/.test(wanted) ? version === Number(wanted) : id.startsWith(wanted),
  )
  const [first, second] = found
  if (first !== undefined && second === undefined) return { event: first, newest }
  if (second !== undefined)
    throw new CommandError('Several events begin so: give the whole id.', exitCodes.usage)
  throw new CommandError(
    isUuid(wanted) || /^\d+$/.test(wanted)
      ? 'There is no such event. ./synap history shows the versions.'
      : `${JSON.stringify(which)} is neither a version nor the id of an event.`,
    isUuid(wanted) || /^\d+$/.test(wanted) ? exitCodes.failed : exitCodes.usage,
  )
}

function printUndone(
  event: PastEvent,
  numbers: Awaited<ReturnType<Subject['undo']>> | null,
  { json }: UndoFlags,
): void {
  const { id = null, version = null, sequence = null, correlationId = null } = numbers ?? {}
  if (json) {
    return printJson({ dryRun: numbers === null, undone: event, id, version, sequence, correlationId })
  }
  const did = `${clip(whatItDid(event), 200)} (version ${event.version})`
  console.log(numbers === null ? `Would undo: ${did}` : `Undone: ${did}`)
  for (const line of whatIsUndone(event)) console.log(`  ${clip(line, 200)}`)
  if (numbers === null) note(paint.dim('Nothing was changed. The server may refuse it all the same.'))
}
