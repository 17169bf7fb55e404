import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { promisify } from 'node:util'
import { type FastifyInstance, fastify } from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { type ClosingTimes, endConnectionsOnClose } from './end-connections.ts'

const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

/** Longer than a test may take: who waits for it fails. */
const never = { silenceMs: 60_000, patienceMs: 60_000 }

function build(times: ClosingTimes): FastifyInstance {
  const app = fastify({ keepAliveTimeout: 60_000 })
  endConnectionsOnClose(app, times)
  return app
}

interface Gate {
  reached: Promise<void>
  open(): void
  pass(): Promise<void>
}

function createGate(): Gate {
  const [reached, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const pass = () => {
    reached.resolve()
    return opened.promise
  }
  return { reached: reached.promise, open: opened.resolve, pass }
}

describe('the end of an app', () => {
  const listen = (app: FastifyInstance) => app.listen({ host: '127.0.0.1', port: 0 })

  /** From here on the server ends no connection by itself. */
  const hasStoppedListening = async (app: FastifyInstance) => {
    await expect.poll(() => app.server.listening, { interval: 1 }).toBe(false)
  }

  /** A connection that the server has accepted. */
  async function connected(app: FastifyInstance) {
    const accepted = once(app.server, 'connection')
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
    sockets.push(socket)
    let received = ''
    socket.setEncoding('utf8').on('data', (text: string) => (received += text))
    socket.on('error', () => undefined)
    const ended = new Promise((resolve) => socket.once('close', resolve))
    await accepted
    return {
      /** All it was answered, once the connection has ended. */
      received: ended.then(() => received),
      get: (path: string) => void socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`),
    }
  }

  it('given a request under way when it closes, its answer ends the connection, so that nothing is waited for', async () => {
    const app = build(never)
    const gate = createGate()
    app.get('/slow', async () => {
      await gate.pass()
      return { done: true }
    })
    await listen(app)
    const client = await connected(app)
    client.get('/slow')
    await gate.reached
    const closed = app.close()
    await hasStoppedListening(app)
    gate.open()
    await closed
    expect(await client.received).toMatch(/^HTTP\/1\.1 200/)
    expect(await client.received).toMatch(/^connection: close\r$/im)
    expect(await client.received).toContain('{"done":true}')
  })

  it('given an answer whose headers were decided before it closes, it arrives and ends the connection', async () => {
    const app = build(never)
    const gate = createGate()
    app.addHook('onSend', async () => gate.pass())
    app.get('/slow', async () => ({ done: true }))
    await listen(app)
    const client = await connected(app)
    client.get('/slow')
    await gate.reached
    const closed = app.close()
    await hasStoppedListening(app)
    gate.open()
    await closed
    expect(await client.received).toMatch(/^connection: keep-alive\r$/im)
    expect(await client.received).toContain('{"done":true}')
  })

  it('given a connection on which nothing was said yet, it is not waited for', async () => {
    const app = build({ ...never, silenceMs: 20 })
    await listen(app)
    const client = await connected(app)
    await app.close()
    expect(await client.received).toBe('')
  })

  it('given a request that does not end, it is waited for, but not for ever', async () => {
    const app = build({ silenceMs: 20, patienceMs: 2_000 })
    const gate = createGate()
    app.get('/endless', () => gate.pass())
    await listen(app)
    const [endless, silent] = [await connected(app), await connected(app)]
    endless.get('/endless')
    await gate.reached
    const closed = app.close()
    await silent.received
    expect(await promisify(app.server.getConnections.bind(app.server))()).toBe(1)
    await closed
    expect(await endless.received).toBe('')
  })
})
