import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { registerAttach, registerDetach } from './commands/attach.ts'
import { registerCapture } from './commands/capture.ts'
import { registerDoctor } from './commands/doctor.ts'
import { registerDown } from './commands/down.ts'
import { registerEdit } from './commands/edit.ts'
import { registerEnrich } from './commands/enrich.ts'
import { registerEvents } from './commands/events.ts'
import { registerExport } from './commands/export.ts'
import { registerGet } from './commands/get.ts'
import { registerHistory } from './commands/history.ts'
import { registerImport } from './commands/import.ts'
import { registerKeys } from './commands/keys.ts'
import { registerLedger } from './commands/ledger.ts'
import { registerDelete, registerPurge, registerRestore } from './commands/life.ts'
import { registerLink, registerUnlink } from './commands/link.ts'
import { registerLinks } from './commands/links.ts'
import { registerList } from './commands/list.ts'
import { registerMigrate } from './commands/migrate.ts'
import { registerOutbox } from './commands/outbox.ts'
import { registerParked } from './commands/parked.ts'
import { registerRebuild } from './commands/rebuild.ts'
import { registerSearch } from './commands/search.ts'
import { registerSettings } from './commands/settings.ts'
import { registerSetup } from './commands/setup.ts'
import { registerStart } from './commands/start.ts'
import { registerStats } from './commands/stats.ts'
import { registerStatus } from './commands/status.ts'
import { registerSuggestions } from './commands/suggestions.ts'
import { registerTag } from './commands/tag.ts'
import { registerTask } from './commands/task.ts'
import { registerTest } from './commands/test.ts'
import { registerUndo } from './commands/undo.ts'
import { registerUp } from './commands/up.ts'
import { registerWatch } from './commands/watch.ts'
import { registerWrite } from './commands/write.ts'
import { exitCodeTable } from './exit-codes.ts'
import { nearest } from './nearest.ts'
import { repositoryRoot } from './repository.ts'

/** The `synap` command: this list, one file per command. A wrong call throws commander's error. */
export function buildProgram(): Command {
  const program = createProgram()

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
  registerExport(program)
  registerHistory(program)
  registerEvents(program)
  registerWatch(program)
  registerStats(program)

  program.commandsGroup('Change it:')
  registerTask(program)
  registerTag(program)
  registerEdit(program)
  registerAttach(program)
  registerDetach(program)
  registerDelete(program)
  registerRestore(program)
  registerPurge(program)
  registerLink(program)
  registerLinks(program)
  registerUnlink(program)
  registerEnrich(program)
  registerSuggestions(program)
  registerUndo(program)
  registerSettings(program)

  program.commandsGroup('Look after it:')
  registerDoctor(program)
  registerKeys(program)
  registerOutbox(program)
  registerParked(program)
  registerWrite(program)
  registerLedger(program)
  registerRebuild(program)
  registerMigrate(program)
  registerSetup(program)
  registerTest(program)
  registerHelp(program)

  program.showHelpAfterError('./synap --help shows the commands.')
  for (const [path, command] of commandsOf(program)) {
    command.showHelpAfterError(`./synap help ${path} says how it is used.`)
  }
  return program
}

/** Every command with its words: `keys`, `keys create`. */
export function commandsOf(command: Command, before = ''): [path: string, command: Command][] {
  return command.commands.flatMap((each): [string, Command][] => {
    const path = `${before}${each.name()}`
    return [[path, each], ...commandsOf(each, `${path} `)]
  })
}

function registerHelp(program: Command): void {
  program
    .command('help')
    .description('say how a command is used, with examples')
    .argument('[command...]', 'its words: capture, keys create')
    .addHelpText('after', '\nExamples:\n  $ ./synap help capture\n  $ ./synap help keys create')
    .action((words: string[]) => {
      const path = words.join(' ')
      if (path === '') return program.outputHelp()
      const all = commandsOf(program)
      const found = all.find(([name]) => name === path)
      if (found !== undefined) return found[1].outputHelp()
      const meant = nearest(
        path,
        all.map(([name]) => name),
      )
      const hint = meant === undefined ? '' : `\n(Did you mean ${meant}?)`
      return program.error(`error: unknown command '${path}'${hint}`, { code: 'commander.unknownCommand' })
    })
}

/** Without its commands. */
function createProgram(): Command {
  return (
    new Command('synap')
      .usage('<command> [options]')
      .description('The backend of a second brain: capture anything, keep every change, find it again.')
      .version(readVersion(), '-v, --version', 'print the version')
      .helpOption('-h, --help', 'print help, also for one command')
      .helpCommand(false)
      // what stands behind a command is that command's: `enrich` and `enrich status` both have --json
      .enablePositionalOptions()
      .exitOverride()
      .configureOutput({ outputError: (text, write) => write(text.replace(/^error:/, 'synap:')) })
      .addHelpText('after', footer)
  )
}

const footer = `
Synap is looked for in --url (or --ingest-url, --query-url), --api-key and
--profile, then in the variables SYNAP_URL (or SYNAP_INGEST_URL, SYNAP_QUERY_URL),
SYNAP_API_KEY and SYNAP_PROFILE, then in what a running ./synap start, or
./synap up, wrote. The answer goes to stdout, everything else to stderr.
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
