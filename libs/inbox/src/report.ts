import { SynapError } from '@synap/core'
import { createHaltWindow, haltPolicy, type Logger } from '@synap/messaging'
import type { Meters } from './meters.ts'
import type { ParkReason } from './types.ts'

/** The record itself is at fault: what a bad deploy produces in numbers. */
const refusals: ReadonlySet<ParkReason> = new Set<ParkReason>([
  'headers_unusable',
  'inconsistent',
  'undecodable',
  'killer',
  'refused_by_store',
])
/** A person has to look: something is lost, forged, or deadly. */
const alarms: ReadonlySet<ParkReason> = new Set<ParkReason>(['missing', 'fork', 'killer'])

export interface Counts {
  applied: number
  skipped: number
  duplicates: number
  parked: readonly { reason: ParkReason; userId: string | null; sequence: number | null }[]
}

export interface Report {
  /** Counts and logs what was committed. Rejecting is not its business: see `haltIfTooMany`. */
  settled(counts: Counts, place: Record<string, unknown>): void
  /** Throws class `configuration` when so much of the last minute was refused that it cannot be the data. */
  haltIfTooMany(records: number, parked: readonly { reason: ParkReason }[]): void
}

export function createReport(options: { logger: Logger; meters: Meters; haltShare: number }): Report {
  const { logger, meters } = options
  const window = createHaltWindow({ ...haltPolicy, share: options.haltShare })
  return {
    settled(counts, place) {
      meters.event('applied', counts.applied)
      meters.event('skipped', counts.skipped)
      meters.event('duplicate', counts.duplicates)
      for (const { reason, userId, sequence } of counts.parked) {
        meters.parked(reason, 1)
        const fields = { ...place, reason, userId, sequence }
        if (!alarms.has(reason)) {
          logger.warn(fields, 'event parked')
          continue
        }
        meters.alarm(reason)
        logger.error({ ...fields, alarm: reason }, 'event parked, somebody has to look')
      }
    },
    haltIfTooMany(records, parked) {
      const refused = parked.filter(({ reason }) => refusals.has(reason)).length
      if (!window.record(records, refused)) return
      meters.alarm('too_many_refused')
      throw new SynapError('too many of the last records were refused: a bad deploy rather than bad data', {
        code: 'inbox.too_many_refused',
        class: 'configuration',
        fields: { windowMs: haltPolicy.windowMs, share: options.haltShare },
      })
    },
  }
}
