import type { RelayRun } from './job.ts'

/** CPU of the contender's process and of the servers; wholly theirs, for nothing else runs on them. */
export interface MeasuredRun extends RelayRun {
  microsPerRow: { program: number; postgres: number; kafka: number }
}

export interface Result {
  hold: MeasuredRun | undefined
  single: MeasuredRun | undefined
}

interface Traits {
  file: string
  /** What of it is measured: the rate it holds, the latency of single commits. */
  holds: boolean
  singles: boolean
  /** Puts the rows on the topic; with several sends under way at once their order is nobody's. */
  sends: 'in order' | 'in any order' | 'nothing'
  /** Neither marks nor deletes rows. */
  leaves: boolean
}

const relay = { holds: true, singles: true, sends: 'in order', leaves: false } as const

export const contenders = {
  synap: { file: 'synap.ts', ...relay },
  naive: { file: 'row-by-row.ts', ...relay },
  delete: { file: 'delete-polling.ts', ...relay },
  claim: { file: 'claim.ts', ...relay },
  notify: { file: 'delete-notify.ts', ...relay, holds: false },
  slot: { file: 'logical-slot.ts', ...relay, leaves: true },
  raw: { file: 'raw-produce.ts', holds: false, singles: true, sends: 'in any order', leaves: false },
  cursor: { file: 'cursor-read.ts', holds: true, singles: false, sends: 'nothing', leaves: true },
} as const satisfies Record<string, Traits>
export type Name = keyof typeof contenders

export const names: Record<Name | 'perf', string> = {
  synap: 'Synap',
  naive: 'row by row: await send, UPDATE',
  delete: 'DELETE SKIP LOCKED, polling 100 ms',
  claim: 'claim + UPDATE, polling 100 ms',
  notify: 'DELETE SKIP LOCKED, woken by NOTIFY',
  slot: 'logical slot (pgoutput)',
  raw: 'raw send',
  cursor: 'limit of the database: cursor over the outbox',
  perf: 'limit of Kafka: producer-perf-test',
}
