import { type AddressInfo, createConnection, createServer, type Server } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from './eventually.ts'
import { createTcpProxy, type TcpProxy } from './tcp-proxy.ts'

let received = ''
let echo: Server
let proxy: TcpProxy

beforeEach(async () => {
  received = ''
  echo = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      received += String(chunk)
      socket.write(chunk)
    })
  })
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  proxy = await createTcpProxy((echo.address() as AddressInfo).port)
})

afterEach(async () => {
  await proxy.close()
  await new Promise((resolve) => echo.close(resolve))
})

/** A client that remembers what it heard and how its connection ended. */
function connect() {
  const state = { heard: '', ended: '' }
  const socket = createConnection({ host: '127.0.0.1', port: proxy.port })
  socket.on('data', (chunk) => (state.heard += String(chunk)))
  socket.on('error', (error: NodeJS.ErrnoException) => (state.ended = error.code ?? 'error'))
  socket.on('close', () => (state.ended ||= 'closed'))
  return { state, send: (text: string) => void socket.write(text), close: () => void socket.destroy() }
}

describe('the TCP proxy', () => {
  it('given mode pass, bytes go there and back', async () => {
    const client = connect()
    client.send('one')
    await eventually('the echo', () => client.state.heard === 'one')
    expect(received).toBe('one')
  })

  it('given mode swallow, the server gets the request and the client hears nothing, then or later', async () => {
    const client = connect()
    client.send('one')
    await eventually('the first echo', () => client.state.heard === 'one')
    proxy.setMode('swallow')
    client.send('two')
    await eventually('the request', () => received === 'onetwo')
    proxy.setMode('pass')
    client.send('three')
    await eventually('the third echo', () => client.state.heard.endsWith('three'))
    expect(client.state.heard).toBe('onethree')
  })

  it('given mode half-open, a client connects and its bytes reach nobody', async () => {
    proxy.setMode('half-open')
    const client = connect()
    client.send('lost')
    await eventually('the connection', () => proxy.connections() === 1)
    proxy.setMode('pass')
    client.send('found')
    await eventually('the echo', () => client.state.heard.includes('found'))
    expect(client.state.ended).toBe('')
  })

  it('given mode cut, open and new connections are reset', async () => {
    const open = connect()
    open.send('one')
    await eventually('the echo', () => open.state.heard === 'one')
    proxy.setMode('cut')
    await eventually('the reset', () => open.state.ended === 'ECONNRESET')
    const late = connect()
    await eventually('the refusal', () => late.state.ended !== '')
    expect(late.state.heard).toBe('')
  })

  it('given an answer chosen to be lost, that connection is reset and the next one works', async () => {
    proxy.onAnswer((chunk) => (String(chunk) === 'poison' ? 'lose' : 'pass'))
    const client = connect()
    client.send('poison')
    await eventually('the reset', () => client.state.ended === 'ECONNRESET')
    expect(received).toBe('poison')
    const next = connect()
    next.send('fine')
    await eventually('the echo', () => next.state.heard === 'fine')
    next.close()
  })
})
