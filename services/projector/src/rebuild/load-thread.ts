import { parentPort, workerData } from 'node:worker_threads'
import { describeError, SynapError } from '@synap/core'
import { createPool } from '@synap/postgres'
import { holdLease } from './lease.ts'
import { loadSlice, type Slice } from './load-slice.ts'
import type { LoadAnswer, LoadTask } from './load-threads.ts'

/** A thread that loads one part of a rebuild after the other, on a connection of its own. */
const port = parentPort
if (port === null) throw new TypeError('this is a program for a thread')
const { databaseUrl, holder, work, statementTimeoutMs } = workerData as LoadTask
const pool = createPool({ url: databaseUrl, applicationName: 'synap-rebuild', max: 2, statementTimeoutMs })
const { signal } = new AbortController()
const lease = { hold: (client: Parameters<typeof holdLease>[0], n: number) => holdLease(client, n, holder) }

const load = async (slice: Slice): Promise<LoadAnswer> => {
  try {
    await loadSlice({ pool, lease, work, signal }, slice)
    return {}
  } catch (error) {
    if (!(error instanceof SynapError)) return { error: { message: describeError(error) } }
    const { message, code, class: of, fields } = error
    return { error: { message, code, class: of, fields } }
  }
}
port.on('message', (slice: Slice) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
  void load(slice).then((answer) => port.postMessage(answer))
})
