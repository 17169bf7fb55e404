import type { Stats } from '@synap/contracts'
import { formatDuration } from '@synap/servers'
import type { Command } from 'commander'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { costSentence } from '../enrich/describe.ts'
import { embeddingLine } from '../enrich/describe-enrichment.ts'
import { type Cell, clip, plain, printJson, printTable } from '../output.ts'
import { paint } from '../paint.ts'
import { relativeTime } from '../relative-time.ts'

/** `synap stats` */
export function registerStats(program: Command): void {
  const command = program
    .command('stats')
    .description('say how many items are searchable, what waits, and what failed and why')
    .option(
      '--json',
      'one JSON document: {sequence, coverage, stages, oldest, cost, paused, embedding, failures}',
    )
    .addHelpText(
      'after',
      `
Of all items of this account; of one item: ./synap get ID. Exit code 0 whatever
it says.

Examples:
  $ ./synap stats
  $ ./synap stats --json`,
    )
  withConnection(command).action(async (flags: ConnectionFlags & { json?: boolean }) => {
    const { value } = await withSynap(flags, (client) => client.stats())
    if (flags.json === true) return printJson(value)
    printStats(value)
  })
}

function printStats({ coverage, stages, oldest, cost, paused, embedding, failures }: Stats): void {
  console.log(paint.bold(coverageSentence(coverage)))
  const parked = parkedSentence(failures)
  if (parked !== undefined) console.log(paint.red(parked))
  if (oldest !== null) console.log(`Waiting longest: ${oldest.id}, for ${formatDuration(oldest.ageMs)}`)
  if (cost !== null && cost.total.calls > 0)
    console.log(`Models: ${costSentence(cost.today)} today; ${costSentence(cost.total)} in all`)
  if (paused !== null && paused.length > 0)
    console.log(paint.yellow(`Paused: ${paused.join(', ')} (./synap enrich status)`))
  const line = embedding && embeddingLine(embedding)
  if (line) console.log(line)
  console.log('')
  printTable(
    ['stage', 'state', 'waiting', 'for'],
    stages.map(({ stage, state, waiting, unit, lagMs }) => [
      stage,
      state === 'level' ? paint.green(state) : state === 'behind' ? paint.yellow(state) : state,
      waiting ? counted(waiting, unit) : '',
      lagMs ? formatDuration(lagMs) : '',
    ]),
  )
  if (failures.length === 0) return
  console.log('')
  printTable(
    ['stage', 'what', 'why', 'how many', 'such as', 'what to do'],
    failures.map((failure): Cell[] => [
      failure.stage,
      failure.state === 'retrying' || failure.state === 'deferred' ? failure.state : paint.red(failure.state),
      plain(failure.reason),
      String(failure.count),
      failure.example ?? '',
      (room) =>
        clip(
          failure.nextRetryAt === null
            ? failure.whatToDo
            : `${failure.whatToDo} Next: ${relativeTime(failure.nextRetryAt)}`,
          room,
        ),
    ]),
  )
}

/** `423 of 501 items are searchable, 75 are waiting, 3 failed.` */
export function coverageSentence(coverage: Stats['coverage']): string {
  if (coverage === null) return 'How many items are searchable cannot be told now.'
  const { items, searchable, waiting, failed } = coverage
  if (items === 0) return 'There are no items yet.'
  const parts = [
    `${searchable} of ${counted(items, 'items')} ${items === 1 ? 'is' : 'are'} searchable`,
    ...(waiting > 0 ? [`${waiting} ${waiting === 1 ? 'is' : 'are'} waiting`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ]
  return `${parts.join(', ')}.`
}

/** An item whose beginning is parked is unknown to what counts items. */
function parkedSentence(failures: Stats['failures']): string | undefined {
  const parked = failures.filter(({ stage, state }) => stage === 'projected' && state === 'parked')
  const changes = parked.reduce((sum, { count }) => sum + count, 0)
  if (changes === 0) return undefined
  return changes === 1
    ? '1 change is parked: an item that it begins is not counted.'
    : `${changes} changes are parked: items that they begin are not counted.`
}

const counted = (count: number, unit: 'events' | 'items') =>
  `${count} ${count === 1 ? unit.slice(0, -1) : unit}`
