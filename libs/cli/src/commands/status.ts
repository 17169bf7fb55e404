import { formatDuration, type PartStatus, type StackStatus, status } from '@synap/servers'
import type { Command } from 'commander'
import { printJson, printTable } from '../output.ts'
import { paint } from '../paint.ts'
import { repositoryRoot } from '../repository.ts'
import { findStandalone } from '../standalone/profile.ts'
import {
  type StandalonePart,
  type StandaloneStatus,
  standaloneStatus,
} from '../standalone/standalone-status.ts'

/** `synap status` */
export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('show each server and service with its health')
    .option(
      '--json',
      'one JSON document: {ok, provider, parts: [{way, name, kind, state, problem, address, pid, …}], standalone}',
    )
    .addHelpText(
      'after',
      `
Shows what ./synap start runs (not with --no-profile), what ./synap up runs, or
both. Exit code 0 when every part is ready, 1 otherwise.

Examples:
  $ ./synap status
  $ ./synap status --json`,
    )
    .action(async (flags: { json?: boolean }) => {
      const running = findStandalone()
      const [stack, standalone] = await Promise.all([
        status(repositoryRoot),
        running === undefined ? undefined : standaloneStatus(running),
      ])
      const found = joinStatus(stack, standalone)
      if (flags.json === true) printJson(found)
      else printStatus(found)
      process.exitCode = found.ok ? 0 : 1
    })
}

export interface JoinedStatus {
  /** True when every part of what runs is ready. */
  ok: boolean
  /** Where the stack's servers come from; `standalone` where that alone runs; null before the first start. */
  provider: string | null
  parts: (({ way: 'stack' } & PartStatus) | ({ way: 'standalone' } & StandalonePart))[]
  standalone: Omit<StandaloneStatus, 'parts'> | null
}

/** The stack counts when a part of it runs or was started, or when there is nothing else. */
export function joinStatus(stack: StackStatus, standalone: StandaloneStatus | undefined): JoinedStatus {
  const ofStack = stack.parts.map((part) => ({ way: 'stack' as const, ...part }))
  if (standalone === undefined) {
    return { ok: stack.ok, provider: stack.provider, parts: ofStack, standalone: null }
  }
  const { parts: own, ...about } = standalone
  const isStackUp = stack.parts.some(({ state, problem }) => state !== 'down' || problem !== null)
  const ofStandalone = own.map((part) => ({ way: 'standalone' as const, ...part }))
  const parts = [...ofStandalone, ...(isStackUp ? ofStack : [])]
  return {
    ok: parts.every(({ state }) => state === 'ready'),
    provider: isStackUp ? stack.provider : 'standalone',
    parts,
    standalone: about,
  }
}

const colors = { ready: paint.green, unready: paint.yellow, down: paint.red }
const mebibyte = 1_024 * 1_024

function printStatus({ parts, standalone }: JoinedStatus): void {
  if (standalone !== null) printStandalone(standalone)
  const both = new Set(parts.map(({ way }) => way)).size > 1
  printTable(
    [...(both ? ['way'] : []), 'part', 'state', 'address', 'process', 'up for', ''],
    parts.map((part) => [
      ...(both ? [part.way] : []),
      part.name,
      colors[part.state](part.state),
      part.address ?? '',
      part.container ?? String(part.pid ?? ''),
      part.uptimeMs === null ? '' : formatDuration(part.uptimeMs),
      part.problem ?? '',
    ]),
  )
  if (parts.every((part) => part.state === 'down'))
    console.log('\nNothing runs. Start it: ./synap start (one process) or ./synap up (servers)')
}

function printStandalone({
  url,
  pid,
  uptimeMs,
  memoryBytes,
  dataDir,
  log,
}: JoinedStatus['standalone'] & object) {
  const memory = memoryBytes === null ? '' : `, ${Math.round(memoryBytes / mebibyte)} MiB of memory`
  console.log(`${paint.bold('Synap in one process')}

  address  ${url}
  process  ${pid}, up for ${formatDuration(uptimeMs)}${memory}
  data     ${dataDir}
  log      ${log}
`)
}
