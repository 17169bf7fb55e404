import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'

/*
 * kafkajs 2.2.4 arms a timer after every request, also when no request waits and the broker throttles nothing. The
 * delay is then `-1 - Date.now()`, which Node takes for 1 ms: each connection spins a timer, and Node 24 prints a
 * TimeoutNegativeWarning. Fixes are unmerged upstream (kafkajs#1604, #1751, #1755, #1768). Nothing waits, so there is
 * nothing to check: whoever adds a request to the queue arms the timer itself.
 */
const { prototype } = RequestQueue
const schedule: unknown = Reflect.get(prototype, 'scheduleCheckPendingRequests')
if (typeof schedule !== 'function') throw new TypeError('kafkajs has another request queue than 2.2.4')

prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.pending.length === 0 && this.throttledUntil <= Date.now()) return
  Reflect.apply(schedule, this, [])
}
