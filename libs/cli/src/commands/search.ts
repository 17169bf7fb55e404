import { type SearchMode, type SearchResponse, searchModes } from '@synap/contracts'
import { type Command, Option } from 'commander'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { hitRow, itemHeads } from '../describe-item.ts'
import { hintAtGet, idsForPeople } from '../ids-for-people.ts'
import { type FilterFlags, filterOf, isFiltered, withFilter } from '../item-filter.ts'
import { note, printJson, printTable } from '../output.ts'
import { paint } from '../paint.ts'
import { parseCount } from '../parse-count.ts'

interface SearchFlags extends ConnectionFlags, FilterFlags {
  mode: SearchMode
  limit: number
  json?: boolean
  passages?: true
}

/** `synap search QUERY` */
export function registerSearch(program: Command): void {
  const command = program
    .command('search')
    .description('find items by their words and by their meaning')
    .argument('<query...>', 'what to look for')
  withFilter(command)
    .addOption(new Option('--mode <mode>', 'how to look').choices([...searchModes]).default('hybrid'))
    .option('-n, --limit <count>', 'how many at most', parseCount, 10)
    .option(
      '--json',
      'one JSON document: {items: [{entity, score, matched, highlights, passage}], mode, note, corrections, model}',
    )
    .option('--passages', 'with --json: with the text of the passage of each that is nearest in meaning')
    .addHelpText(
      'after',
      `
The mode text looks for words, semantic for meaning, hybrid for both. Quotes ask
for a phrase and a minus leaves a word out; the shell has quotes of its own.
Filters narrow the search before the best are chosen. Finding nothing is no
failure: the exit code is 0.

Examples:
  $ ./synap search milk
  $ ./synap search what to do at home --mode semantic
  $ ./synap search invoice --type task --status todo --due overdue
  $ ./synap search roses --tag garden --created-after 2026-01-01 --json
  $ ./synap search when do roses need water --json --passages
  $ ./synap search '"green tea" -sugar'`,
    )
  withConnection(command).action(async (words: string[], flags: SearchFlags) => {
    const q = words.join(' ')
    const { value } = await withSynap(flags, (client) =>
      client.search({
        q,
        mode: flags.mode,
        ...filterOf(flags),
        ...(flags.passages === true && flags.json === true ? { passages: true } : {}),
        limit: flags.limit,
      }),
    )
    if (flags.json) return printJson(value)
    if (value.note !== null) note(value.note)
    if (value.corrections.length > 0) note(`Looked for ${value.corrections.join(', ')} too.`)
    if (value.items.length === 0) return note(aboutNothing(q, isFiltered(flags)))
    const ids = idsForPeople(value.items.map(({ entity }) => entity))
    printTable(
      itemHeads,
      value.items.map((hit) => hitRow(hit, ids)),
    )
    const told = aboutNearOnes(value)
    if (told !== undefined) note(paint.dim(told))
    hintAtGet(ids)
  })
}

const toTheLetter = /"|(^|\s)-\S/

/** Why nothing may have been found, and what to try. */
export function aboutNothing(q: string, isFiltered: boolean): string {
  const left = isFiltered ? ' among what the filters leave' : ''
  if (toTheLetter.test(q))
    return `Nothing has all of these words${left}. With quotes or a minus each of them counts: leave some out.`
  return isFiltered
    ? `Nothing found${left}.`
    : 'Nothing found. What was captured a moment ago may still be on its way; ./synap list shows the newest.'
}

/** Says which hits have none of the words: hybrid search fills up with what is nearest in meaning. */
export function aboutNearOnes({ mode, items }: Pick<SearchResponse, 'mode' | 'items'>): string | undefined {
  const near = items.filter(({ matched }) => !matched.includes('text')).length
  if (mode !== 'hybrid' || near === 0) return undefined
  const which =
    near === items.length
      ? 'None by the words, all'
      : `${items.length - near} of ${items.length} by the words, the rest`
  return `${which} by nearness in meaning (--mode text leaves those out).`
}
