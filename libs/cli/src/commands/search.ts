import { type SearchHit, type SearchMode, searchModes } from '@synap/contracts'
import { type Command, Option } from 'commander'
import pc from 'picocolors'
import { type ConnectionFlags, connect, findConnection, withConnection } from '../connection.ts'
import { clip, note, printJson, printTable } from '../output.ts'
import { entityRow, parseCount } from './list.ts'

interface SearchFlags extends ConnectionFlags {
  mode: SearchMode
  limit: number
  json?: boolean
}

/** `synap search QUERY` */
export function registerSearch(program: Command): void {
  const command = program
    .command('search')
    .description('find items by their words and by their meaning')
    .argument('<query...>', 'what to look for')
    .addOption(new Option('--mode <mode>', 'how to look').choices([...searchModes]).default('hybrid'))
    .option('-n, --limit <count>', 'how many at most', parseCount, 10)
    .option('--json', 'print the answer as one JSON document')
    .addHelpText('after', '\nExample:\n  $ ./synap search milk')
  withConnection(command).action(async (words: string[], flags: SearchFlags) => {
    const client = connect(findConnection(flags))
    const { value } = await client.search({ q: words.join(' '), mode: flags.mode, limit: flags.limit })
    if (flags.json) return printJson(value)
    if (value.note !== null) note(value.note)
    if (value.items.length === 0)
      return note('Nothing found. What was captured a moment ago may still be on its way.')
    printTable(
      ['id', 'type', 'created', 'title'],
      value.items.map((hit) => withHighlight(hit)),
    )
  })
}

function withHighlight(hit: SearchHit): string[] {
  const [id = '', type = '', created = '', title = ''] = entityRow(hit.entity)
  const first = hit.highlights[0]
  return [id, type, created, first === undefined ? title : `${title}\n${pc.dim(clip(first.text, 90))}`]
}
