import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { problems } from '@synap/contracts'
import { afterEach, describe, expect, it } from 'vitest'
import { buildFixture, type Fixture } from '../test/fixture.ts'
import { listen, openConnection, type RawConnection } from '../test/raw-request.ts'

let fixture: Fixture | undefined
afterEach(() => fixture?.app.close())

type Overrides = Parameters<typeof buildFixture>[0]

async function open(overrides: Overrides = {}): Promise<RawConnection> {
  fixture = await buildFixture(overrides)
  return openConnection(await listen(fixture.app))
}

/** Sends text over a socket and gives what came back when the server closed it. */
async function send(text: string, overrides: Overrides = {}): Promise<string> {
  const { socket, ended } = await open(overrides)
  socket.write(text)
  return ended
}

/** Sends a character now and then until the server closes the socket; gives what came back. */
async function trickle(head: string, rest: string, overrides: Overrides = {}): Promise<string> {
  const { socket, ended } = await open(overrides)
  socket.write(head)
  const characters = rest.split('')
  const timer = setInterval(() => {
    const next = characters.shift()
    if (next === undefined) clearInterval(timer)
    else if (socket.writable) socket.write(next)
  }, 50)
  try {
    return await ended
  } finally {
    clearInterval(timer)
  }
}

const quick = { socketTimeouts: { headers: 300, request: 600 } }
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
const aGet = 'GET /v1/things/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer syn_reader\r\n\r\n'
const aPost = 'POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer syn_writer\r\n'

describe('clients that are slow or broken', () => {
  it('given headers that never end, 408 and the connection is closed', async () => {
    const answer = await send('GET /v1/things/a HTTP/1.1\r\nHost: x\r\nX-Slow: ', quick)
    expect(statusOf(answer)).toBe(408)
    expect(answer).toContain(problems.requestTimeout.type)
  })

  it('given a body that never ends, 408 and the connection is closed', async () => {
    const answer = await send(
      `${aPost}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"name":`,
      quick,
    )
    expect(statusOf(answer)).toBe(408)
  })

  it('given a body that is too large, 413 to who sends all of it first, and the connection goes on', async () => {
    const length = 3 * 1024 * 1024
    const connection = await open()
    const { socket } = connection
    socket.write(`${aPost}Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n{"name":"`)
    expect(await connection.answers(1)).toEqual([413])
    socket.write('a'.repeat(length - '{"name":"'.length))
    socket.write(aGet)
    await expect.poll(() => connection.received(), { timeout: 10_000 }).toContain('HTTP/1.1 200')
    socket.destroy()
  })

  it('given one that announces more than anybody would read, 413 and the connection is closed', async () => {
    const head = `${aPost}Content-Type: application/json\r\nContent-Length: ${1024 ** 3}\r\n\r\n{`
    expect(statusOf(await send(head))).toBe(413)
  })

  it('given a connection on which nothing is said, it is closed', async () => {
    expect(await send('', quick)).toMatch(/^(HTTP\/1\.1 408|$)/)
  })

  it('given headers or a body that come a character at a time, 408 all the same: no character buys more time', async () => {
    const endless = 'a'.repeat(2_000)
    const headers = await trickle('GET /v1/things/a HTTP/1.1\r\nHost: x\r\nX-Slow: ', endless, quick)
    expect(statusOf(headers)).toBe(408)
    await fixture?.app.close()
    const head = `${aPost}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n`
    expect(statusOf(await trickle(head, `{"name":"${endless}`, quick))).toBe(408)
    await fixture?.app.close()
    const chunked = `${aPost}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`
    expect(statusOf(await trickle(chunked, '1\r\n{\r\n'.repeat(500), quick))).toBe(408)
  })

  it('given a connection on which nothing is said after an answer, it is closed', async () => {
    const times = { headers: 60_000, request: 60_000, keepAlive: 200 }
    const answer = await send(aGet, { socketTimeouts: times })
    expect(statusOf(answer)).toBe(200)
  })

  it('given hundreds of connections on which nothing is said, others are served meanwhile, and each is closed', async () => {
    fixture = await buildFixture(quick)
    const port = await listen(fixture.app)
    const silent = Array.from({ length: 300 }, () => openConnection(port))
    await Promise.all(silent.map(({ socket }) => once(socket, 'connect')))
    const talking = openConnection(port)
    talking.socket.write(aGet)
    expect(await talking.answers(1)).toEqual([200])
    for (const { ended } of silent) expect(await ended).toMatch(/^(HTTP\/1\.1 408|$)/)
    talking.socket.destroy()
  })

  it('given more connections than the process may have files, it lives, and serves again when they are gone', async () => {
    const program = new URL('../test/serve-fixture.ts', import.meta.url).pathname
    const child = spawn('sh', ['-c', 'ulimit -n 64 && exec "$0" "$1"', process.execPath, program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    try {
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
      const port = Number(line)
      const silent = Array.from({ length: 200 }, () => openConnection(port))
      await Promise.allSettled(silent.map(({ ended }) => ended))
      const again = openConnection(port)
      again.socket.write(aGet)
      expect(await again.answers(1)).toEqual([200])
      again.socket.destroy()
      expect(child.exitCode).toBeNull()
    } finally {
      child.kill('SIGKILL')
    }
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
    // It is measured once a second.
    await expect
      .poll(async () => (await app.inject({ url: '/v1/things/a', headers })).statusCode, { timeout: 5_000 })
      .toBe(503)
    const answer = await app.inject({ url: '/v1/things/a', headers })
    expect(answer.headers['retry-after']).toBe('5')
    expect(answer.json()).toMatchObject({ type: problems.unavailable.type })
  })
})
