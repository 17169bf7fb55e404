import {
  defaultStackPorts,
  type PortName,
  parsePortOption,
  portNames,
  type UpOptions,
  type UpResult,
  up,
} from '@synap/servers'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { note, printJson } from '../output.ts'
import { paint } from '../paint.ts'
import { createProgress } from '../progress.ts'
import { repositoryRoot } from '../repository.ts'

interface UpFlags {
  provider?: 'native' | 'docker'
  port?: Partial<Record<PortName, number>>
  ephemeralPorts?: boolean
  json?: boolean
}

/** `synap up` */
export function registerUp(program: Command): void {
  program
    .command('up')
    .description('start the servers and the five services, and wait until all are ready')
    .addOption(new Option('--provider <name>', 'where the servers come from').choices(['native', 'docker']))
    .option('--port <name=number>', 'listen elsewhere; may be repeated, and is kept', collectPort)
    .option('--ephemeral-ports', 'take ports that are free now, beside another checkout')
    .option('--json', 'one JSON document: {ingestUrl, queryUrl, apiKey, envFile, logs}')
    .addHelpText(
      'after',
      `
Servers come from Docker where a daemon answers and the images are there, else
from Debian packages (needs root). All of it listens on 127.0.0.1 and keeps its
data in .synap/ until ./synap down --wipe.

Ports and their defaults:
${portLines()}

Examples:
  $ ./synap up
  $ ./synap up --port ingest=5000 --port query=5001`,
    )
    .action(runUp)
}

async function runUp(flags: UpFlags): Promise<void> {
  const progress = createProgress()
  const stopping = new AbortController()
  const interrupt = () => stopping.abort(new Error('interrupted'))
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  try {
    const result = await up(upOptions(flags, { root: repositoryRoot, progress, signal: stopping.signal }))
    progress.end()
    if (flags.json) printJson(result)
    else printResult(result)
  } catch (error) {
    progress.end()
    note('What has started goes on: run ./synap up again when the cause is gone, or ./synap down.')
    throw error
  } finally {
    progress.end()
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}

function upOptions(flags: UpFlags, base: UpOptions): UpOptions {
  const options: UpOptions = { ...base, provider: flags.provider }
  if (flags.port !== undefined) options.ports = flags.port
  if (flags.ephemeralPorts === true) options.ephemeral = true
  return options
}

function portLines(): string {
  return portNames.map((name) => `  ${name.padEnd(21)}${defaultStackPorts[name]}`).join('\n')
}

function collectPort(text: string, before: UpFlags['port']): UpFlags['port'] {
  try {
    const [name, port] = parsePortOption(text)
    return { ...before, [name]: port }
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}

function printResult(result: UpResult): void {
  const bearer = `-H 'Authorization: Bearer ${result.apiKey}'`
  console.log(`
${paint.bold('Synap is up.')}

  ingest   ${result.ingestUrl}  (API: ${result.ingestUrl}/docs)
  query    ${result.queryUrl}  (API: ${result.queryUrl}/docs)
  API key  ${result.apiKey}
  more     ${result.envFile} (addresses), ${result.logs} (logs)

Capture a thought:

  ${paint.bold('./synap capture "Buy milk tomorrow"')}

or over HTTP, from any program, and find it:

  curl -sS ${result.ingestUrl}/v1/entities ${bearer} \\
    -H 'Content-Type: application/json' -d '{"type":"note","content":"Buy milk tomorrow"}'
  curl -sS '${result.queryUrl}/v1/search?q=milk' ${bearer}
`)
}
