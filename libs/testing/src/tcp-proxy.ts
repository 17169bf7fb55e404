import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'

/**
 * What a network does to a program, by mode:
 *
 * - `pass`: bytes flow both ways.
 * - `cut`: open connections are reset, new ones are reset at once.
 * - `swallow`: requests reach the server, its answers are lost; the client hears nothing.
 * - `half-open`: connections stay open or are accepted, and nothing flows either way.
 */
export type ProxyMode = 'pass' | 'cut' | 'swallow' | 'half-open'

export interface TcpProxy extends AsyncDisposable {
  /** Where clients connect, on 127.0.0.1. */
  port: number
  mode(): ProxyMode
  /** Holds for open and new connections. Bytes that a mode held back or lost do not come later. */
  setMode(mode: ProxyMode): void
  /** Called for each piece of a server's answer; `lose` drops it and resets the connection. For one chosen answer. */
  onAnswer(decide: ((chunk: Buffer) => 'pass' | 'lose') | undefined): void
  connections(): number
  close(): Promise<void>
}

interface Pair {
  client: Socket
  upstream: Socket
}

/**
 * A TCP proxy to a port of 127.0.0.1 that misbehaves as told. The target may be a function, asked at each connection:
 * a server that starts again elsewhere is found again. `listenPort` 0, the default, takes a free one.
 */
export async function createTcpProxy(target: number | (() => number), listenPort = 0): Promise<TcpProxy> {
  let mode: ProxyMode = 'pass'
  let decide: ((chunk: Buffer) => 'pass' | 'lose') | undefined
  const pairs = new Set<Pair>()
  const reset = (pair: Pair) => {
    pair.client.resetAndDestroy()
    pair.upstream.destroy()
  }
  const server = createServer((client) => {
    client.on('error', () => undefined)
    if (mode === 'cut') {
      client.resetAndDestroy()
      return
    }
    const upstream = createConnection({
      host: '127.0.0.1',
      port: typeof target === 'number' ? target : target(),
    })
    const pair = { client, upstream }
    pairs.add(pair)
    upstream.on('error', () => reset(pair))
    client.on('data', (chunk) => {
      if (mode === 'pass' || mode === 'swallow') upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (mode !== 'pass') return
      if (decide?.(chunk) === 'lose') reset(pair)
      else client.write(chunk)
    })
    client.on('close', () => {
      pairs.delete(pair)
      upstream.destroy()
    })
    upstream.on('close', () => {
      // In these modes a client is not told that the server has gone either.
      if (mode !== 'swallow' && mode !== 'half-open') client.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listenPort, '127.0.0.1', resolve)
  })
  const close = async () => {
    for (const pair of pairs) reset(pair)
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  return {
    port: (server.address() as AddressInfo).port,
    mode: () => mode,
    setMode: (next) => {
      mode = next
      if (next === 'cut') for (const pair of pairs) reset(pair)
    },
    onAnswer: (next) => {
      decide = next
    },
    connections: () => pairs.size,
    close,
    [Symbol.asyncDispose]: close,
  }
}
