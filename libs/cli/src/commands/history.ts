import type { SynapClient } from '@synap/client'
import type { HistoryEntry } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import type { Command } from 'commander'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { describeValue, describeWhoAndWhy, localTime } from '../describe-event.ts'
import { findItemId } from '../item-id.ts'
import { clip, note, printJson } from '../output.ts'
import { paint } from '../paint.ts'
import { parseCount } from '../parse-count.ts'
import { readPages } from '../read-pages.ts'
import { relativeTime } from '../relative-time.ts'

interface HistoryFlags extends ConnectionFlags {
  limit: number
  json?: boolean
}

/** `synap history ID` */
export function registerHistory(program: Command): void {
  const command = program
    .command('history')
    .description('tell what happened to an item: when, who, what changed, and why')
    .argument('<id>', 'its id, or the beginning that list and search show')
    .option('-n, --limit <count>', 'how many events at most, the newest ones', parseCount, 50)
    .option('--json', 'one JSON document per line, an event each')
    .addHelpText(
      'after',
      `
The oldest event stands first. What was asked of enrichment, came of it and
failed is among them. A deleted item is found by its whole id only.

Examples:
  $ ./synap history 019aa0c8-7c1e
  $ ./synap history 019aa0c8-7c1e --limit 5 --json`,
    )
  withConnection(command).action(async (text: string, flags: HistoryFlags) => {
    const { entries, isMore, isIncomplete } = await withSynap(flags, async (client) =>
      readHistory(client, await findItemId(client, text), flags.limit),
    )
    for (const entry of entries) {
      if (flags.json) printJson(entry)
      else printEntry(entry)
    }
    if (entries.length === 0) note('Nothing is logged of it yet.')
    if (isIncomplete) note('What enrichment did cannot be told now.')
    if (isMore && !flags.json) note(`There is more before that: --limit ${flags.limit * 2}`)
  })
}

/** The newest ones, the oldest of them first. */
async function readHistory(client: Pick<SynapClient, 'history'>, id: EntityId, limit: number) {
  let isIncomplete = false
  const { items, isMore } = await readPages(limit, async (page) => {
    const read = await client.history(id, { ...page, analyses: true })
    isIncomplete ||= read.value.incomplete === true
    return read
  })
  return { entries: items.reverse(), isMore, isIncomplete }
}

function printEntry(entry: HistoryEntry): void {
  const width = process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY
  const when = paint.dim(`${localTime(entry.occurredAt)}, ${relativeTime(entry.occurredAt)}`)
  console.log(paint.bold(clip(entry.summary, width)))
  // Only versions of the item itself are those that `undo` takes.
  const version = entry.aggregateType === 'analysis' ? '' : `  ${paint.dim(`version ${entry.version}`)}`
  console.log(`  ${when}${version}`)
  console.log(`  ${clip(describeWhoAndWhy(entry), width - 2)}`)
  for (const { field, from, to } of entry.changes) {
    const [before, after] = [describeValue(from), describeValue(to)]
    if (before !== after) console.log(`  ${clip(`${field}: ${before} → ${after}`, width - 2)}`)
  }
}
