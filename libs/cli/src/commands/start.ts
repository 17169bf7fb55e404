import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { modelSentence, modelSettings } from '../model-settings.ts'
import { note, printJson } from '../output.ts'
import { paint } from '../paint.ts'
import { createProgress } from '../progress.ts'
import { defaultDataDir, removeProfile, writeProfile } from '../standalone/profile.ts'
import { runStandalone, type Standalone } from '../standalone/run-standalone.ts'

interface StartFlags {
  data?: string
  port: number
  profile: boolean
  quiet?: boolean
  json?: boolean
}

const defaultPort = 4140

/** `synap start` */
export function registerStart(program: Command): void {
  program
    .command('start')
    .description('run all of Synap in one process, with nothing else to install')
    .option('--data <dir>', 'folder that holds everything; .synap/standalone unless given')
    .option('--port <number>', 'port of both APIs on 127.0.0.1; 0 takes a free one', parsePort, defaultPort)
    .option('-q, --quiet', 'print nothing')
    .option('--json', 'first line: one JSON object {url, apiKey, dataDir}')
    .option('--no-profile', 'do not let the other commands find it by themselves')
    .addHelpText(
      'after',
      `
Runs until Ctrl-C. What was accepted is there again after the next start, also
when the process was killed. ./synap capture, search and the other commands find
it as long as it runs.

Examples:
  $ ./synap start
  $ ./synap start --data ~/synap --port 8080`,
    )
    .action(runStart)
}

async function runStart(flags: StartFlags): Promise<void> {
  const dataDir = resolve(flags.data ?? defaultDataDir)
  const starting = runStandalone({ dataDir, port: flags.port })
  const standalone = flags.quiet === true ? await starting : await whileStarting(starting, dataDir)
  try {
    if (flags.profile) writeProfile(standalone)
    const { url, apiKey, dataDir } = standalone
    if (flags.json === true) printJson({ url, apiKey, dataDir })
    else if (flags.quiet !== true) printResult(standalone)
    await standalone.ended
    if (flags.quiet !== true) note('Stopped.')
  } catch (error) {
    standalone.stop('SIGTERM')
    throw error
  } finally {
    if (flags.profile) removeProfile(standalone.pid)
  }
}

function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new InvalidArgumentError('It is a number from 0 to 65535.')
}

/** Most starts take less, and need no word. */
const quickMs = 1_000

/** Shows on stderr that something goes on, once that takes longer than a second. */
async function whileStarting<T>(starting: Promise<T>, dataDir: string): Promise<T> {
  const isFirst = !existsSync(join(dataDir, 'keys.json'))
  const what = isFirst ? 'the first start, which makes the database' : 'Synap'
  const progress = createProgress()
  const timer = setTimeout(() => progress.waiting([what]), quickMs)
  try {
    return await starting
  } finally {
    clearTimeout(timer)
    progress.end()
  }
}

function printResult({ url, apiKey, dataDir, logFile }: Standalone): void {
  console.log(`
${paint.bold(paint.green('Synap is up.'))} Ctrl-C stops it; what was accepted stays.

  address  ${url}  ${paint.dim(`(the API: ${url}/docs)`)}
  key      ${apiKey}
  data     ${dataDir}
  log      ${logFile}
  model    ${modelSentence(modelSettings(process.env))}

Capture a thought, in another terminal:

  ${paint.bold('./synap capture "Buy milk tomorrow"')}

or over HTTP, from any program:

  curl -sS ${url}/v1/entities \\
    -H 'Authorization: Bearer ${apiKey}' \\
    -H 'Content-Type: application/json' \\
    -d '{"type":"note","content":"Buy milk tomorrow"}'

A killed process costs nothing; a power cut may cost what was accepted last, and
one process is for few writers. ./synap up runs the servers that promise more.`)
}
