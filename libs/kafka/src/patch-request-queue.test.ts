import './patch-request-queue.ts'
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import { describe, expect, it } from 'vitest'

describe('the patched request queue', () => {
  const timerAfter = (queue: { pending: unknown[]; throttledUntil: number }) => {
    const state = { ...queue, throttleCheckTimeoutId: undefined as NodeJS.Timeout | undefined }
    const queuePrototype: object = RequestQueue.prototype
    const schedule = Reflect.get(queuePrototype, 'scheduleCheckPendingRequests') as () => void
    Reflect.apply(schedule, state, [])
    clearTimeout(state.throttleCheckTimeoutId)
    return state.throttleCheckTimeoutId
  }

  it('given nothing waits and nothing is throttled, no timer is armed', () => {
    expect(timerAfter({ pending: [], throttledUntil: -1 })).toBeUndefined()
  })

  it('given a waiting request or a throttled connection, the timer is armed as before', () => {
    expect(timerAfter({ pending: [{}], throttledUntil: -1 })).toBeDefined()
    expect(timerAfter({ pending: [], throttledUntil: Date.now() + 1_000 })).toBeDefined()
  })
})
