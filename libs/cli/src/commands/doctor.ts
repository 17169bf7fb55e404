import type { Command } from 'commander'
import { type ConnectionFlags, withConnection } from '../connection.ts'
import { findContext } from '../doctor/context.ts'
import { printChecked, summary } from '../doctor/print-checks.ts'
import { type Checked, runChecks } from '../doctor/run-checks.ts'
import { exitCodes } from '../exit-codes.ts'
import { note, printJson } from '../output.ts'

interface DoctorFlags extends ConnectionFlags {
  json?: boolean
}

/** `synap doctor` */
export function registerDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description('check everything Synap needs here, and say what to do')
    .option('--json', 'one JSON document: {ok, checks: [{name, state, found, advice}]}')
    .addHelpText(
      'after',
      `
✓ works, ! is worth knowing, ✗ does not work; → is what to do. Works also while
nothing runs. It changes nothing, but for an object that it puts into the object
store and takes away again. The exit code is 1 when something does not work.

Examples:
  $ ./synap doctor
  $ ./synap doctor --json`,
    )
  withConnection(command).action(async (flags: DoctorFlags) => {
    // The drivers of all servers: half a second that the other commands need not wait.
    const { checks } = await import('../doctor/checks.ts')
    const outcomes: Checked[] = []
    for await (const checked of runChecks(checks, await findContext(flags))) {
      outcomes.push(checked)
      if (!flags.json) printChecked(checked)
    }
    const ok = outcomes.every(({ state }) => state !== 'failed')
    if (flags.json) printJson({ ok, checks: outcomes })
    else note(`\n${summary(outcomes)}`)
    process.exitCode = ok ? exitCodes.ok : exitCodes.failed
  })
}
