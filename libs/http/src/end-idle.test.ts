import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { buildFixture, type Fixture } from '../test/fixture.ts'
import { listen } from '../test/raw-request.ts'

let fixture: Fixture | undefined
afterEach(() => fixture?.app.close())

const aGet = 'GET /v1/things/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer syn_reader\r\n\r\n'

/** Asks on a thread of its own, and once more, on the same connection, while the other thread stands still. */
const client = `
  const { connect } = require('node:net')
  const { parentPort, workerData } = require('node:worker_threads')
  const steps = new Int32Array(workerData.steps)
  const socket = connect(workerData.port, '127.0.0.1', () => socket.write(workerData.text))
  socket.once('data', () => {
    parentPort.postMessage('answered')
    Atomics.wait(steps, 0, 0)
    socket.once('data', (answer) => {
      parentPort.postMessage(String(answer))
      socket.destroy()
    })
    socket.write(workerData.text, () => {
      Atomics.store(steps, 1, 1)
      Atomics.notify(steps, 1)
    })
  })
  socket.on('error', ({ code }) => parentPort.postMessage(code))
`

describe('an idle connection', () => {
  it('given a process that was busy when its time was over, a request that had come is answered', async () => {
    const keepAlive = 2_000
    fixture = await buildFixture({ socketTimeouts: { keepAlive } })
    const shared = new SharedArrayBuffer(8)
    const workerData = { port: await listen(fixture.app), text: aGet, steps: shared }
    const worker = new Worker(client, { eval: true, workerData })
    const [first] = (await once(worker, 'message')) as [string]
    expect(first).toBe('answered')
    const steps = new Int32Array(shared)
    Atomics.store(steps, 0, 1)
    Atomics.notify(steps, 0)
    Atomics.wait(steps, 1, 0)
    // Busy until its time is over.
    Atomics.wait(steps, 1, 1, 2 * keepAlive + 100)
    const [second] = (await once(worker, 'message')) as [string]
    expect(second).toMatch(/^HTTP\/1\.1 200 /)
    await worker.terminate()
  })
})
