import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { registerCapture } from './commands/capture.ts'
import { registerDown } from './commands/down.ts'
import { registerGet } from './commands/get.ts'
import { registerImport } from './commands/import.ts'
import { registerList } from './commands/list.ts'
import { registerMigrate } from './commands/migrate.ts'
import { registerSearch } from './commands/search.ts'
import { registerSetup } from './commands/setup.ts'
import { registerStart } from './commands/start.ts'
import { registerStatus } from './commands/status.ts'
import { registerTest } from './commands/test.ts'
import { registerUp } from './commands/up.ts'
import { exitCodeTable } from './exit-codes.ts'
import { repositoryRoot } from './repository.ts'

/** The `synap` command: this list, one file per command. A wrong call throws commander's error. */
export function buildProgram(): Command {
  const program = new Command('synap')
    .usage('<command> [options]')
    .description('The backend of a second brain: capture anything, keep every change, find it again.')
    .version(readVersion(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print help, also for one command')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error:/, 'synap:')) })
    .addHelpText('after', footer)

  program.commandsGroup('Run it:')
  registerStart(program)
  registerUp(program)
  registerStatus(program)
  registerDown(program)

  program.commandsGroup('Use it:')
  registerCapture(program)
  registerGet(program)
  registerList(program)
  registerSearch(program)
  registerImport(program)

  program.commandsGroup('Look after it:')
  registerMigrate(program)
  registerSetup(program)
  registerTest(program)
  registerHelp(program)

  program.showHelpAfterError('./synap --help shows the commands.')
  for (const command of program.commands)
    command.showHelpAfterError(`./synap help ${command.name()} says how it is used.`)
  return program
}

function registerHelp(program: Command): void {
  program
    .command('help')
    .description('say how a command is used, with examples')
    .argument('[command]')
    .addHelpText('after', '\nExample:\n  $ ./synap help capture')
    .action((name: string | undefined) => {
      if (name === undefined) return program.outputHelp()
      const command = program.commands.find((each) => each.name() === name)
      if (command === undefined) {
        return program.error(`error: unknown command '${name}'`, { code: 'commander.unknownCommand' })
      }
      command.outputHelp()
    })
}

const footer = `
Synap is looked for in --ingest-url, --query-url and --api-key, then in the
variables SYNAP_INGEST_URL, SYNAP_QUERY_URL and SYNAP_API_KEY, then in what a
running ./synap start, or ./synap up, wrote. The answer goes to stdout, everything else to stderr.
NO_COLOR=1 takes the colours away.

Exit codes:
${exitCodeTable.map(([code, meaning]) => `  ${String(code).padEnd(5)}${meaning}`).join('\n')}

Example:
  $ ./synap start
  $ ./synap capture "Buy milk tomorrow"     (in another terminal)
  $ ./synap search milk`

function readVersion(): string {
  const manifest = readFileSync(join(repositoryRoot, 'package.json'), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
