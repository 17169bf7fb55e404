import type { Command } from 'commander'
import { registerParkedDiscard, registerParkedRetry } from './parked-actions.ts'
import { registerParkedList } from './parked-list.ts'
import { registerParkedShow } from './parked-show.ts'

/** `synap parked list|show|retry|discard` */
export function registerParked(program: Command): void {
  const parked = program
    .command('parked')
    .description('what could not be applied: see why, try it again, or give it up')
    .helpCommand(false)
    .addHelpText(
      'after',
      `
What is parked keeps its place: later events of the same item wait behind it,
everything else flows. All four need a key with the scope operate, as
./synap start and ./synap up make it. docs/how-to/when-something-is-parked.md
says what each reason calls for.

Examples:
  $ ./synap parked list
  $ ./synap parked show 3fa9c21b07de
  $ ./synap parked retry 3fa9c21b07de --dry-run
  $ ./synap parked discard 3fa9c21b07de --reason "a forged record"`,
    )
  registerParkedList(parked)
  registerParkedShow(parked)
  registerParkedRetry(parked)
  registerParkedDiscard(parked)
}
