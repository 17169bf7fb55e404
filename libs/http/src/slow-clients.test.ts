import { type AddressInfo, connect } from 'node:net'
import { problems } from '@synap/contracts'
import { afterEach, describe, expect, it } from 'vitest'
import { buildFixture, type Fixture } from '../test/fixture.ts'

let fixture: Fixture | undefined
afterEach(() => fixture?.app.close())

/** Sends text over a socket and gives what came back when the server closed it. */
async function send(text: string, overrides: Parameters<typeof buildFixture>[0] = {}): Promise<string> {
  fixture = await buildFixture(overrides)
  await fixture.app.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect((fixture.app.server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(text)
  let received = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk))
  return new Promise((resolve, reject) => {
    socket.on('close', () => resolve(received))
    socket.on('error', reject)
  })
}

const quick = { socketTimeouts: { headers: 300, request: 600 } }
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])

describe('clients that are slow or broken', () => {
  it('given headers that never end, 408 and the connection is closed', async () => {
    const answer = await send('GET /v1/things/a HTTP/1.1\r\nHost: x\r\nX-Slow: ', quick)
    expect(statusOf(answer)).toBe(408)
    expect(answer).toContain(problems.requestTimeout.type)
  })

  it('given a body that never ends, 408 and the connection is closed', async () => {
    const head = 'POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer syn_writer\r\n'
    const answer = await send(
      `${head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"name":`,
      quick,
    )
    expect(statusOf(answer)).toBe(408)
  })

  it('given a connection on which nothing is said, it is closed', async () => {
    expect(await send('', quick)).toMatch(/^(HTTP\/1\.1 408|$)/)
  })

  it('given something else than HTTP, or endless headers, a problem and nothing of what was sent', async () => {
    const broken = await send('EHLO secret-word\r\n\r\n')
    expect(statusOf(broken)).toBe(400)
    expect(broken).toContain(problems.malformed.type)
    expect(broken).not.toContain('secret-word')
    await fixture?.app.close()
    const endless = await send(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`)
    expect(statusOf(endless)).toBe(413)
  })

  it('given a process short of memory, 503 with Retry-After before anything is done', async () => {
    fixture = await buildFixture({ limits: { maxHeapBytes: 1 } })
    const { app } = fixture
    const headers = { authorization: 'Bearer syn_reader' }
    // The plugin measures once a second.
    await expect
      .poll(async () => (await app.inject({ url: '/v1/things/a', headers })).statusCode, { timeout: 5_000 })
      .toBe(503)
    const answer = await app.inject({ url: '/v1/things/a', headers })
    expect(answer.headers['retry-after']).toBe('5')
    expect(answer.json()).toMatchObject({ type: problems.unavailable.type })
  })
})
