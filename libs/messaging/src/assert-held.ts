import { SynapError } from '@synap/core'
import type { StartPoint } from './consumer.ts'

/**
 * Throws `position.out_of_range` (configuration) for a position that the topic does not have any more, or not yet:
 * retention or a new topic of the same name took records that were never handled, and starting elsewhere would lose
 * them in silence.
 */
export function assertHeld(
  topic: string,
  partition: number,
  position: bigint,
  { low, high }: StartPoint,
): void {
  if (position >= low && position <= high) return
  throw new SynapError(
    `the position of ${topic}/${partition} is ${position}, but the topic holds ${low} to ${high}: ` +
      'records have been removed or the topic was made anew; decide by hand where to go on',
    {
      code: 'position.out_of_range',
      class: 'configuration',
      fields: { topic, partition, position: Number(position), low: Number(low), high: Number(high) },
    },
  )
}
