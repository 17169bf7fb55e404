import { plain } from '../output.ts'
import { paint } from '../paint.ts'
import type { CheckState } from './check.ts'
import type { Checked } from './run-checks.ts'

const marks: Record<CheckState, string> = {
  ok: paint.green('✓'),
  warning: paint.yellow('!'),
  failed: paint.red('✗'),
}
const nameWidth = 14

/** `✓ postgres      17.6; …`, and on trouble what to do below it; on a terminal no line is wider than that. */
export function printChecked({ name, state, found, advice }: Checked): void {
  const indent = nameWidth + 2
  const room = process.stdout.isTTY ? Math.max(20, process.stdout.columns - indent) : Number.POSITIVE_INFINITY
  const [first = '', ...more] = wrap(plain(found), room)
  console.log(`${marks[state]} ${name.padEnd(nameWidth)}${first}`)
  for (const line of more) console.log(' '.repeat(indent) + line)
  for (const line of advice === null ? [] : wrap(`→ ${plain(advice)}`, room))
    console.log(' '.repeat(indent) + paint.bold(line))
}

/** Words on lines of at most `width`; a word that is longer stays whole, for it may be a path to copy. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

/** `All is well.`, or how much is not. */
export function summary(outcomes: readonly Pick<Checked, 'state'>[]): string {
  const count = (state: CheckState) => outcomes.filter((each) => each.state === state).length
  const [failures, warnings] = [count('failed'), count('warning')]
  const warned = warnings === 0 ? '' : `${warnings} thing${warnings === 1 ? '' : 's'} worth knowing`
  if (failures > 0) return `${failures} failed${warned && `, ${warned}`}.`
  return warned ? `Nothing failed, ${warned}.` : 'All is well.'
}
