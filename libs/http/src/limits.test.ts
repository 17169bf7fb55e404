import { problems } from '@synap/contracts'
import { SynapError } from '@synap/core'
import { afterEach, describe, expect, it } from 'vitest'
import { buildFixture, type Fixture } from '../test/fixture.ts'
import { listen, openConnection } from '../test/raw-request.ts'

let fixture: Fixture | undefined
const start = async (...args: Parameters<typeof buildFixture>) => (fixture = await buildFixture(...args))
afterEach(async () => {
  await fixture?.app.close()
  fixture = undefined
})

const call = (key: string, remoteAddress = '10.0.0.1') =>
  fixture!.app.inject({ url: '/v1/things/a', headers: { authorization: `Bearer ${key}` }, remoteAddress })

describe('requests of one key', () => {
  it('given answers, each says how many are left and until when', async () => {
    await start({ limits: { requestsPerMinute: 3 } })
    for (const left of ['2', '1', '0']) {
      const { statusCode, headers } = await call('syn_reader')
      expect([statusCode, headers['ratelimit-limit'], headers['ratelimit-remaining']]).toEqual([
        200,
        '3',
        left,
      ])
      expect(Number(headers['ratelimit-reset'])).toBeGreaterThan(0)
      expect(Number(headers['ratelimit-reset'])).toBeLessThanOrEqual(60)
    }
    const refused = await call('syn_reader')
    expect(refused.statusCode).toBe(429)
    expect(refused.headers).toMatchObject({ 'ratelimit-limit': '3', 'ratelimit-remaining': '0' })
    expect(refused.json()).toMatchObject({ type: problems.rateLimited.type, status: 429 })
    const wait = Number(refused.headers['retry-after'])
    expect(wait).toBeGreaterThan(0)
    expect(wait).toBeLessThanOrEqual(60)
  })

  it('given a key that has used up its own, every route refuses it, and no other key at the same address', async () => {
    const { app } = await start({ limits: { requestsPerMinute: 1 } })
    expect((await call('syn_reader')).statusCode).toBe(200)
    for (let turn = 0; turn < 50; turn += 1) expect((await call('syn_reader')).statusCode).toBe(429)
    const other = await app.inject({
      method: 'POST',
      url: '/v1/things',
      headers: { authorization: 'Bearer syn_reader', 'content-type': 'application/json' },
      payload: '{"name":"a"}',
    })
    // Its scope is looked at first: a key that may not do this learns no more than that.
    expect(other.statusCode).toBe(403)
    expect((await call('syn_writer')).statusCode).toBe(200)
    expect((await call('syn_writer')).statusCode).toBe(429)
  })

  it('given a key beyond its limit, 429 comes before any of the body', async () => {
    const { app } = await start({ limits: { requestsPerMinute: 1 } })
    const port = await listen(app)
    const first = openConnection(port)
    const body = '{"name":"a"}'
    const head = (length: number) =>
      `POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer syn_writer\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`
    first.socket.write(head(body.length) + body)
    expect(await first.answers(1)).toEqual([201])
    const second = openConnection(port)
    second.socket.write(head(1_000_000))
    expect(await second.answers(1)).toEqual([429])
    expect(second.received()).toMatch(/^retry-after: \d+/im)
    for (const { socket } of [first, second]) socket.destroy()
  })
})

describe('keys that are none', () => {
  it('given many from one address, 429 without a look at the next; a key known to be good and others go on', async () => {
    let lookUps = 0
    await start({
      limits: { failedKeysPerMinute: 3 },
      authenticate: async (token) => {
        lookUps += 1
        if (token === 'syn_away')
          throw new SynapError('no', { code: 'postgres.unavailable', class: 'dependency' })
        return token === 'syn_good' ? { userId: 'u' as never, keyId: 'k', scopes: ['read'] } : undefined
      },
    })
    expect((await call('syn_good')).statusCode).toBe(200)
    // That it could not be told is nobody's failure.
    for (let turn = 0; turn < 5; turn += 1) expect((await call('syn_away')).statusCode).toBe(503)
    for (let turn = 0; turn < 3; turn += 1) expect((await call(`syn_${turn}`)).statusCode).toBe(401)
    const before = lookUps
    const refused = await call('syn_3')
    expect([refused.statusCode, lookUps]).toEqual([429, before])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect((await call('syn_good')).statusCode).toBe(200)
    expect((await call('syn_3', '10.0.0.2')).statusCode).toBe(401)
  })
})

describe('a compressed body', () => {
  it('given one, 415 before it is read, whatever it would become', async () => {
    const { app } = await start()
    const connection = openConnection(await listen(app))
    connection.socket.write(
      'POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer syn_writer\r\n' +
        'Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 1000000\r\n\r\n',
    )
    expect(await connection.answers(1)).toEqual([415])
    connection.socket.destroy()
  })
})

describe('an Idempotency-Key', () => {
  it('given one that is too long, empty or not plain, 400 names the header, on every call', async () => {
    const { app } = await start()
    for (const key of ['x'.repeat(10_000), 'x'.repeat(256), 'a b', 'ä']) {
      const answer = await app.inject({
        method: 'POST',
        url: '/v1/things',
        headers: {
          authorization: 'Bearer syn_writer',
          'content-type': 'application/json',
          'idempotency-key': key,
        },
        payload: '{"name":"a"}',
      })
      expect([key.slice(0, 3), answer.statusCode]).toEqual([key.slice(0, 3), 400])
      expect(answer.json()).toMatchObject({ errors: [{ path: 'headers.idempotency-key' }] })
      expect(answer.body.length).toBeLessThan(1_000)
    }
  })
})
