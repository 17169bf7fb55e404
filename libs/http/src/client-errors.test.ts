import { once } from 'node:events'
import { connect } from 'node:net'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { buildFixture, type Fixture } from '../test/fixture.ts'
import { listen } from '../test/raw-request.ts'

let fixture: Fixture | undefined
afterEach(() => fixture?.app.close())

const headersMs = 300
const quick = { socketTimeouts: { headers: headersMs, request: 2 * headersMs } }
const body = JSON.stringify({ name: 'x' })
const aPost =
  'POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer syn_writer\r\n' +
  `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`

/** Sends on a thread of its own, so that it goes on while this one stands still; says when it has sent, and what came. */
const client = `
  const { connect } = require('node:net')
  const { parentPort, workerData } = require('node:worker_threads')
  const sent = new Int32Array(workerData.sent)
  let received = ''
  const socket = connect(workerData.port, '127.0.0.1', () => {
    socket.write(workerData.text, () => {
      Atomics.store(sent, 0, 1)
      Atomics.notify(sent, 0)
    })
  })
  socket.setEncoding('utf8').on('data', (text) => {
    received += text
    if (received.includes('\\r\\n\\r\\n')) {
      parentPort.postMessage(received)
      socket.destroy()
    }
  })
  socket.on('error', ({ code }) => parentPort.postMessage(code))
`

describe('the time of a request', () => {
  it('given a process that was busy since it took the connection, what had arrived in time is served', async () => {
    fixture = await buildFixture(quick)
    const port = await listen(fixture.app)
    const sent = new SharedArrayBuffer(4)
    fixture.app.server.once('connection', () => {
      const flag = new Int32Array(sent)
      Atomics.wait(flag, 0, 0)
      // Busy until the time is over, and the look for slow clients (each second) is due.
      Atomics.wait(flag, 0, 1, 2_000 + headersMs)
    })
    const worker = new Worker(client, { eval: true, workerData: { port, text: aPost, sent } })
    const [received] = (await once(worker, 'message')) as [string]
    expect(received).toMatch(/^HTTP\/1\.1 201 /)
    await worker.terminate()
  })

  it('given a request that comes after the 408, it is not carried out, and its client has the answer and no reset', async () => {
    fixture = await buildFixture(quick)
    let carriedOut = 0
    fixture.app.addHook('preHandler', async () => void (carriedOut += 1))
    const port = await listen(fixture.app)
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    let received = ''
    socket.setEncoding('utf8').on('data', (text: string) => (received += text))
    await once(socket, 'end')
    expect(received).toMatch(/^HTTP\/1\.1 408 /)
    const accepted = once(fixture.app.server, 'request')
    socket.write(aPost)
    await accepted
    socket.end()
    await once(socket, 'close')
    expect(socket.errored).toBeNull()
    expect(carriedOut).toBe(0)
  })

  it('given endless headers from a client that reads when it has sent them all, it reads the 413', async () => {
    fixture = await buildFixture()
    const socket = connect({ port: await listen(fixture.app), host: '127.0.0.1' })
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      const head = 'GET / HTTP/1.1\r\nHost: x\r\nX-Long: '
      socket.write(head + 'a'.repeat(16 * 1024 * 1024), () => resolve())
    })
    let received = ''
    socket.setEncoding('utf8').on('data', (text: string) => (received += text))
    await once(socket, 'close')
    expect(received).toMatch(/^HTTP\/1\.1 413 /)
  })
})
