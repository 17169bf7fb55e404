import { randomUUID } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { text as readText } from 'node:stream/consumers'
import { type CaptureRequest, entityTypes } from '@synap/contracts'
import { type Command, Option } from 'commander'
import { CommandError } from '../command-error.ts'
import { type ConnectionFlags, connect, findConnection, withConnection } from '../connection.ts'
import { note, printJson } from '../output.ts'

interface CaptureOptions extends ConnectionFlags {
  type: CaptureRequest['type']
  title?: string
  tag: string[]
  json?: boolean
}

/** `synap capture TEXT|-|FILE` */
export function registerCapture(program: Command): void {
  const command = program
    .command('capture')
    .description('keep a thought: words, a text file, or standard input (-)')
    .argument(
      '<text...>',
      'the words; one argument that names a file captures the file; - reads standard input',
    )
    .addOption(new Option('-t, --type <type>', 'what it is').choices([...entityTypes]).default('note'))
    .option('--title <title>', 'its title; left out, one is proposed')
    .option('--tag <name>', 'a tag; may be given again', collect, [])
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ ./synap capture "Buy milk tomorrow"\n  $ ./synap capture notes.md --tag work\n  $ date | ./synap capture -',
    )
  withConnection(command).action(async (words: string[], options: CaptureOptions) => {
    const client = connect(findConnection(options))
    const body: CaptureRequest = {
      type: options.type,
      content: await contentOf(words),
      ...(options.title === undefined ? {} : { title: options.title }),
      ...(options.tag.length === 0 ? {} : { tags: options.tag }),
    }
    const answer = await client.capture(body, { idempotencyKey: randomUUID() })
    if (options.json) return printJson(answer)
    console.log(answer.id)
    note(`Captured. Where it is on its way: ./synap get ${answer.id}`)
  })
}

const collect = (value: string, all: string[]): string[] => [...all, value]

async function contentOf(words: readonly string[]): Promise<string> {
  const [first = ''] = words
  if (words.length > 1) return words.join(' ')
  if (first === '-') return readText(process.stdin)
  if (/[\n\0]/.test(first)) return first
  const found = await stat(first).catch(() => undefined)
  if (found === undefined) return first
  if (!found.isFile())
    throw new CommandError(`${first} is a folder. Bring it in with: ./synap import ${first}`, 2)
  return decodeText(await readFile(first), first)
}

function decodeText(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new CommandError(`${name} is not text in UTF-8; only text can be captured so far.`, 2)
  }
}
