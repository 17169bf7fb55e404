import type { AggregateId } from '@synap/core'
import { type Command, decide, idsOf, type RecordAnalysis, type Refused, statesFor } from '@synap/domain'
import { type Caller, decisionContextOf, type RequestKey } from './caller.ts'
import { decideAndAppend, resultFor, type WriteDependencies, type WriteOutcome } from './decide-and-append.ts'
import { readAggregates } from './read-aggregates.ts'
import type { AppendObject } from './sql/append.ts'

export interface CommandRun {
  caller: Caller
  /** What the request may be sent again under. */
  request: RequestKey | null
  /** The aggregate that `If-Match` and the answer are about. */
  about: AggregateId
  /** From `If-Match`; undefined = whatever it is. */
  expectedVersion: number | undefined
  /** Asked again for each decision. */
  command(): Exclude<Command, RecordAnalysis> | Promise<Exclude<Command, RecordAnalysis> | Refused>
  /** For a command about content that was put before: the attempt that `beginPut` gave, and what was put. */
  put?: { attempt: number | null; objects: readonly AppendObject[] }
}

/** `stale`: it has another version than `If-Match` names. `unchanged`: it is so already; the numbers are its own. */
export type CommandOutcome =
  | WriteOutcome
  | { outcome: 'stale'; currentVersion: number }
  | { outcome: 'unchanged'; version: number; sequence: number }

/**
 * Reads what a command is decided on, decides and appends; again when somebody was faster. Rejects as `decideAndAppend`.
 */
export function runCommand(dependencies: WriteDependencies, run: CommandRun): Promise<CommandOutcome> {
  const { caller, request, about, put } = run
  return decideAndAppend<Exclude<CommandOutcome, WriteOutcome>>(dependencies, {
    caller,
    idempotency: request === null ? null : { ...request, attempt: put?.attempt ?? null },
    objects: put?.objects ?? [],
    decide: () => decideRun(dependencies, run),
    resultOf: (accepted) => resultFor(accepted, about, caller),
  })
}

async function decideRun({ pool }: WriteDependencies, run: CommandRun) {
  const { caller, about, expectedVersion } = run
  const command = await run.command()
  if ('outcome' in command && command.outcome === 'refused') return command
  const ids = idsOf(command as Exclude<Command, RecordAnalysis>)
  const states = await readAggregates(pool, caller.userId, [...new Set([about, ...Object.values(ids)])])
  const current = states.get(about)
  if (current !== undefined && expectedVersion !== undefined && current.version !== expectedVersion) {
    return { outcome: 'stale', currentVersion: current.version } as const
  }
  const decision = decide(
    command as Exclude<Command, RecordAnalysis>,
    statesFor(ids, states),
    decisionContextOf(caller),
  )
  switch (decision.outcome) {
    case 'accepted':
    case 'refused':
      return decision
    case 'unchanged':
      return { ...decision, version: current?.version ?? 0, sequence: current?.sequence ?? 0 }
    default:
      throw new TypeError(`a command comes to ${decision.outcome}`)
  }
}
