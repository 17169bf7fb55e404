import { formatDuration, type PartStatus, status } from '@synap/servers'
import type { Command } from 'commander'
import { printJson, printTable } from '../output.ts'
import { paint } from '../paint.ts'
import { repositoryRoot } from '../repository.ts'

/** `synap status` */
export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('show each server and service with its health')
    .option(
      '--json',
      'one JSON document: {ok, provider, parts: [{name, kind, state, problem, address, pid, …}]}',
    )
    .addHelpText(
      'after',
      '\nExit code 0 when every part is ready, 1 otherwise.\n\nExamples:\n  $ ./synap status\n  $ ./synap status --json',
    )
    .action(async (flags: { json?: boolean }) => {
      const found = await status(repositoryRoot)
      if (flags.json === true) printJson(found)
      else printParts(found.parts)
      process.exitCode = found.ok ? 0 : 1
    })
}

function printParts(parts: readonly PartStatus[]): void {
  printTable(
    ['part', 'state', 'address', 'process', 'up for', ''],
    parts.map((part) => [
      part.name,
      colors[part.state](part.state),
      part.address ?? '',
      part.container ?? String(part.pid ?? ''),
      part.uptimeMs === null ? '' : formatDuration(part.uptimeMs),
      part.problem ?? '',
    ]),
  )
  if (parts.every((part) => part.state === 'down')) console.log('\nNothing runs. Start it: ./synap up')
}

const colors = { ready: paint.green, unready: paint.yellow, down: paint.red }
