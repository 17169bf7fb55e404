import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { note, printJson } from '../output.ts'
import { paint } from '../paint.ts'
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
  if (flags.quiet !== true) note('Starting …')
  const standalone = await runStandalone({ dataDir: resolve(flags.data ?? defaultDataDir), port: flags.port })
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

function printResult({ url, apiKey, dataDir, logFile }: Standalone): void {
  const bearer = `-H 'Authorization: Bearer ${apiKey}'`
  console.log(`
${paint.bold('Synap is up.')} Ctrl-C ends it.

  address  ${url}  (API: ${url}/docs)
  API key  ${apiKey}
  data     ${dataDir}
  log      ${logFile}

Capture a thought, then find it, in another terminal:

  ./synap capture "Buy milk tomorrow"
  ./synap search milk

or without this program:

  curl -sS ${url}/v1/entities ${bearer} \\
    -H 'Content-Type: application/json' -d '{"type":"note","content":"Buy milk tomorrow"}'
  curl -sS '${url}/v1/search?q=milk' ${bearer}

What it does not promise: a power cut may cost what was accepted last (a killed
process costs nothing), and it is one process for few writers. ./synap up runs
the servers that promise more.
`)
}
