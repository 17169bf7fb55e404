import { backoffMs, describeError, wait } from '@synap/core'
import pg from 'pg'

export interface ListenOptions {
  /** `DATABASE_DIRECT_URL`: past any pooler, which would lose the notifications. Undefined = poll only. */
  url: string | undefined
  applicationName: string
  channels: readonly string[]
  /**
   * Something may have changed. Called for a notification, once per channel after each (re)connect because one could
   * have been missed, and every `pollMs` while there is no connection. Only a notification has a payload. Must not throw.
   */
  onNotify: (channel: string, payload?: string) => void
  /** Milliseconds between calls while not connected; 50 by default. */
  pollMs?: number
  /** Called once for each connection lost or refused. */
  onDisconnect?: (reason: string) => void
}

export interface Listener {
  /** True while notifications arrive by connection, not by polling. */
  connected(): boolean
  close(): Promise<void>
}

const channelName = /^[a-z_][a-z0-9_]{0,62}$/
const heartbeatMs = 15_000
const answerMs = 5_000

/** Listens on a connection of its own and reconnects for ever, until closed. A heartbeat finds a half-open socket. */
export function listen(options: ListenOptions): Listener {
  for (const channel of options.channels) {
    if (!channelName.test(channel)) throw new TypeError('not the name of a channel')
  }
  const stop = new AbortController()
  let connected = false
  const poll = setInterval(() => {
    if (!connected) for (const channel of options.channels) options.onNotify(channel)
  }, options.pollMs ?? 50)
  const setConnected = (value: boolean) => {
    connected = value
    if (value) for (const channel of options.channels) options.onNotify(channel)
  }
  const { url } = options
  const loop = url === undefined ? Promise.resolve() : keepListening(url, options, setConnected, stop.signal)
  return {
    connected: () => connected,
    close: async () => {
      clearInterval(poll)
      stop.abort()
      await loop
    },
  }
}

async function keepListening(
  url: string,
  options: ListenOptions,
  setConnected: (value: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      await listenOnce(url, options, signal, () => {
        attempt = 0
        setConnected(true)
      })
    } catch (error) {
      if (!signal.aborted) options.onDisconnect?.(describeError(error))
    }
    setConnected(false)
    await wait(backoffMs(attempt, { baseMs: 100, capMs: 5_000 }), signal).catch(() => undefined)
  }
}

/** Resolves only by the signal; rejects when the connection breaks. */
async function listenOnce(
  url: string,
  options: ListenOptions,
  signal: AbortSignal,
  onReady: () => void,
): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: options.applicationName,
    connectionTimeoutMillis: 3_000,
    query_timeout: answerMs,
    keepAlive: true,
  })
  const broken = Promise.withResolvers<never>()
  broken.promise.catch(() => undefined)
  client.on('error', (error) => broken.reject(error))
  client.on('end', () => broken.reject(new Error('the connection ended')))
  client.on('notification', ({ channel, payload }) => options.onNotify(channel, payload))
  try {
    await client.connect()
    for (const channel of options.channels) await client.query(`listen ${channel}`)
    onReady()
    while (!signal.aborted) {
      await Promise.race([wait(heartbeatMs, signal), broken.promise])
      await Promise.race([client.query('select 1'), broken.promise])
    }
  } finally {
    await Promise.race([client.end(), wait(1_000, new AbortController().signal)]).catch(() => undefined)
  }
}
