import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { programEnvironment } from '@synap/testing'

/** A command that runs on a terminal of 80 columns. */
export interface OnTerminal {
  /** What a person sees so far, without colours and without what was drawn over. */
  screen(): string
  /** The exit code. */
  ended: Promise<number | null>
  /** As on a keyboard, with the key for the end of a line. */
  type(text: string): void
  /** As Ctrl-C. */
  interrupt(): void
}

const main = join(import.meta.dirname, '..', 'src', 'main.ts')
const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`

/** Runs the command under script(1) of util-linux, which gives it a terminal. */
export function runOnTerminal(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): OnTerminal {
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', main, ...args]
    .map(quoted)
    .join(' ')
  const child = spawn('script', ['-qefc', `stty cols 80 rows 24; exec ${command}`, '/dev/null'], {
    env: { ...programEnvironment(), TERM: 'xterm', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  return {
    screen: () =>
      stripVTControlCharacters(output)
        .split('\n')
        .map((line) => line.replace(/\r+$/, '').split('\r').at(-1))
        .join('\n'),
    ended: new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    }),
    type: (text) => child.stdin.write(`${text}\n`),
    interrupt: () => child.stdin.write('\u0003'),
  }
}
