import { once } from 'node:events'
import { connect } from 'node:net'
import { problems } from '@synap/contracts'
import { afterEach, describe, expect, it } from 'vitest'
import { buildFixture, type Fixture } from '../test/fixture.ts'
import { listen, openConnection } from '../test/raw-request.ts'
import { connectionsFor } from './pressure.ts'

let fixture: Fixture | undefined
afterEach(() => fixture?.app.close())

const aGet = 'GET /v1/things/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer syn_reader\r\n\r\n'

const aPost = (length: number) =>
  'POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer syn_writer\r\n' +
  `Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`

describe('a process that is late', () => {
  it('given a request under way, others are turned away; given none, the next is served', async () => {
    fixture = await buildFixture({ limits: { maxEventLoopDelayMs: -1_000 } })
    const port = await listen(fixture.app)
    const statusOfNext = async () => {
      const next = openConnection(port)
      next.socket.write(aGet)
      const [status] = await next.answers(1)
      next.socket.destroy()
      return status
    }
    const hanging = openConnection(port)
    hanging.socket.write('GET /fail/hang HTTP/1.1\r\nHost: x\r\n\r\n')
    // It is measured once a second.
    await expect.poll(statusOfNext, { timeout: 10_000 }).toBe(503)
    hanging.socket.destroy()
    await expect.poll(statusOfNext, { timeout: 10_000 }).toBe(200)
  })
})

describe('connections', () => {
  it('given nearly as many as there may be, 503 and the end of that one; given more, no answer; then all is well', async () => {
    fixture = await buildFixture({ limits: { maxConnections: 10 } })
    const port = await listen(fixture.app)
    const connections = Array.from({ length: 10 }, () => openConnection(port))
    await Promise.all(connections.map(({ socket }) => once(socket, 'connect')))
    const beyond = openConnection(port)
    expect(await beyond.ended).toBe('')
    const [last, ...others] = connections
    last?.socket.write(aGet)
    const answer = (await last?.ended) ?? ''
    expect(answer).toMatch(/^HTTP\/1\.1 503 /)
    expect(answer).toMatch(/^retry-after: 5/im)
    expect(answer).toContain(problems.unavailable.type)
    const [next] = others
    next?.socket.write(aGet)
    expect(await next?.answers(1)).toEqual([200])
    for (const { socket } of others) socket.destroy()
  })

  it('given a crowded process and a client that reads when it has sent all, it reads the 503', async () => {
    fixture = await buildFixture({ limits: { maxConnections: 10 } })
    const port = await listen(fixture.app)
    const others = Array.from({ length: 9 }, () => openConnection(port))
    await Promise.all(others.map(({ socket }) => once(socket, 'connect')))
    const length = 16 * 1024 * 1024
    const socket = connect({ port, host: '127.0.0.1' })
    let failed: Error | undefined
    socket.on('error', (error) => (failed = error))
    const head = aPost(length)
    await new Promise<void>((resolve) => socket.write(head + 'a'.repeat(length), () => resolve()))
    let received = ''
    socket.setEncoding('utf8').on('data', (text: string) => (received += text))
    if (!socket.closed) await once(socket, 'close')
    expect(failed).toBeUndefined()
    expect(received).toMatch(/^HTTP\/1\.1 503 /)
    for (const other of others) other.socket.destroy()
  })

  it('given the files a process may have, some are kept for itself, at most half', () => {
    expect(connectionsFor(1_048_576)).toBe(1_048_448)
    expect(connectionsFor(64)).toBe(32)
    expect(connectionsFor(undefined)).toBeUndefined()
  })
})
