// DELETE … SKIP LOCKED by batches, polling every 100 ms when nothing waits.
import { createRelayContender } from './contender.ts'
import { outboxes } from './outbox.ts'
import { skipLocked } from './skip-locked.ts'

export const createContender = createRelayContender({
  outbox: outboxes.deleted,
  start: skipLocked({ pollMs: 100, listens: false }),
})
