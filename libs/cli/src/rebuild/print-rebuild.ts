import type { ReadModelStatus, RebuildDifference, RebuildProgress, RebuildResult } from '@synap/contracts'
import { formatDuration } from '@synap/servers'
import { clip, note, printTable } from '../output.ts'
import { paint } from '../paint.ts'
import { shortTime } from '../relative-time.ts'

const number = (value: number) => value.toLocaleString('en')

const phases: Record<RebuildProgress['phase'], string> = {
  copy: 'the rows',
  index: 'the indexes',
  words: 'the words',
  follow: 'the new one to be level',
  compare: 'the comparison',
  switch: 'the switch',
}

/** `the rows (12,000 of 1,000,000 events, 2m to go)` */
export function progressText({ phase, done, of, unit, etaMs }: RebuildProgress): string {
  const eta = etaMs === null || done >= of ? '' : `, ${formatDuration(etaMs)} to go`
  return `${phases[phase]} (${number(done)} of ${number(of)} ${unit}${eta})`
}

const valueText = (value: unknown) => clip(typeof value === 'string' ? value : JSON.stringify(value), 60)

/** What differs: first what nothing explains, each row with its columns, old and new. */
export function printDifferences(differences: readonly RebuildDifference[], all: number): void {
  for (const { table, key, userId, kind, columns, explanation } of differences) {
    const id = Object.values(key).map(String).join(' ')
    const what = { missing: 'only the old one has it', extra: 'only the new one has it', changed: 'differs' }[
      kind
    ]
    const why = explanation === null ? paint.red('unexplained') : paint.dim(explanation)
    console.log(`${table} ${id} of user ${userId}: ${what} (${why})`)
    if (kind !== 'changed') continue
    for (const column of columns) {
      console.log(`  ${column.name}: ${valueText(column.old)} → ${valueText(column.new)}`)
    }
  }
  if (all > differences.length)
    note(`… and ${number(all - differences.length)} more; --limit tells more of them.`)
}

/** What it came to, and what to do next. */
export function printResult(result: RebuildResult): void {
  const { outcome, from, to, events, users, rows, differences, reason, keptUntil, seconds } = result
  const { explained, unexplained } = differences
  if (rows > 0) {
    const of = `${number(events)} events of ${number(users)} users, ${formatDuration(seconds * 1_000)}`
    console.log(`Read model ${to} is made (${of}).`)
    const found =
      explained + unexplained === 0
        ? 'all alike'
        : `${number(explained)} differ as expected, ${number(unexplained)} unexplained`
    console.log(`${number(rows)} rows compared with read model ${from}: ${found}.`)
  }
  if (outcome === 'compared')
    return console.log(`Read model ${from} is read on. ./synap rebuild goes on with the switch.`)
  if (outcome === 'refused') {
    console.log(paint.red(`Read model ${from} is read on: ${reason ?? 'the switch was refused'}.`))
    if (unexplained > 0) {
      note('./synap rebuild --accept-differences switches all the same, --expect TABLE.COLUMN explains some,')
      note('./synap rebuild discard drops the new one.')
    }
    return
  }
  console.log(paint.green(`Read model ${to} is read now.`))
  if (keptUntil !== null)
    note(`Read model ${from} is kept until ${keptUntil}: ./synap rebuild back reads it again.`)
}

/** A line for each read model. */
export function printReadModels(models: readonly ReadModelStatus[]): void {
  printTable(
    ['read model', 'made', 'state', ''],
    models.map((model) => [
      String(model.n),
      shortTime(model.madeAt),
      stateOf(model),
      (room) => clip(moreOf(model), room),
    ]),
  )
}

function stateOf({ active, state }: ReadModelStatus): string {
  if (active) return paint.green('is read')
  return { building: 'is being made', followed: 'is kept level', leaving: 'is about to go' }[state]
}

function moreOf({ active, state, keptUntil, slices, behind }: ReadModelStatus): string {
  if (active) return ''
  if (state === 'building' && slices !== null) return `${number(slices.done)} of ${number(slices.of)} parts`
  const level = behind.records + behind.users === 0 ? 'level' : `${number(behind.records)} records behind`
  if (state !== 'followed') return ''
  return keptUntil === null ? `${level}, waits for its switch` : `${level}, the way back until ${keptUntil}`
}
