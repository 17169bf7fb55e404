import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeError } from '@synap/core'
import { Command } from 'commander'
import { CommandError } from './command-error.ts'
import { registerCapture } from './commands/capture.ts'
import { registerDown } from './commands/down.ts'
import { registerGet } from './commands/get.ts'
import { registerImport } from './commands/import.ts'
import { registerList } from './commands/list.ts'
import { registerMigrate } from './commands/migrate.ts'
import { registerSearch } from './commands/search.ts'
import { registerSetup } from './commands/setup.ts'
import { registerStatus } from './commands/status.ts'
import { registerTest } from './commands/test.ts'
import { registerUp } from './commands/up.ts'
import { repositoryRoot } from './repository.ts'

/** The `synap` command: this list, one file per command. */
const program = new Command('synap')
  .usage('<command> [options]')
  .description('The backend of a second brain: capture anything, keep every change, find it again.')
  .version(readVersion(), '-v, --version', 'print the version')
  .helpOption('-h, --help', 'print help, also for one command')
  .helpCommand(false)
  .showSuggestionAfterError()
  .showHelpAfterError('(./synap --help shows the commands)')

program.commandsGroup('Run it:')
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

try {
  await program.parseAsync()
} catch (error) {
  // A mistake of ours shows where it happened; what a person can act on is one message.
  const ours = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
  console.error(ours ? error : `synap: ${describeError(error)}`)
  process.exitCode = error instanceof CommandError ? error.exitCode : 1
}

function readVersion(): string {
  const manifest = readFileSync(join(repositoryRoot, 'package.json'), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
