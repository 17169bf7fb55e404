// DELETE … SKIP LOCKED by batches, woken by the NOTIFY of each commit.
import { createRelayContender } from './contender.ts'
import { outboxes } from './outbox.ts'
import { skipLocked } from './skip-locked.ts'

export const createContender = createRelayContender({
  outbox: outboxes.deleted,
  notify: true,
  start: skipLocked({ pollMs: 1_000, listens: true }),
})
