import { type Listener, type Pool, query } from '@synap/postgres'

export interface Signals {
  /** Subscribes a new connection to everything that is listened to, and wakes everyone: one may have been missed. */
  attach(client: SignallingClient): Promise<void>
  /** As `listen` of @synap/postgres; the notifications arrive over the pool's one connection. */
  listen(pool: Pool, options: SignalOptions): Promise<Listener>
}

export interface SignalOptions {
  channels: readonly string[]
  /** Something may have changed. Called for a notification, and once for each new connection. Must not throw. */
  onNotify: (channel: string, payload?: string) => void
}

interface SignallingClient {
  query(text: string): Promise<unknown>
  on(
    event: 'notification',
    listener: (message: { channel: string; payload?: string | undefined }) => void,
  ): unknown
}

const channelName = /^[a-z_][a-z0-9_]{0,62}$/

/** With one session, whoever notifies is the session that listens, so its own connection brings the notification. */
export function createSignals(): Signals {
  const listeners = new Set<SignalOptions>()
  const wake = (channel: string, payload?: string) => {
    for (const { channels, onNotify } of listeners) if (channels.includes(channel)) onNotify(channel, payload)
  }
  return {
    attach: async (client) => {
      client.on('notification', ({ channel, payload }) => wake(channel, payload))
      const channels = new Set([...listeners].flatMap((listener) => listener.channels))
      for (const channel of channels) {
        await client.query(`listen ${channel}`)
        wake(channel)
      }
    },
    listen: async (pool, options) => {
      if (!options.channels.every((channel) => channelName.test(channel)))
        throw new TypeError('not the name of a channel')
      listeners.add(options)
      try {
        for (const channel of options.channels) await query(pool, { text: `listen ${channel}` })
      } catch (error) {
        listeners.delete(options)
        throw error
      }
      for (const channel of options.channels) options.onNotify(channel)
      return {
        connected: () => listeners.has(options),
        close: async () => {
          listeners.delete(options)
        },
      }
    },
  }
}
