import { SynapError } from '@synap/core'

/** Records came of a partition that `resumeAt` was never asked about, or whose row somebody deleted. */
export function neverAssigned(topic: string, partition: number): SynapError {
  return new SynapError('this partition has no position: it was never assigned, or its row was deleted', {
    code: 'position.missing',
    class: 'configuration',
    fields: { topic, partition },
  })
}
