import type { Logger } from '@synap/messaging'
import { type Listener, type ListenOptions, type Pool, query } from '@synap/postgres'
import { createTeller } from './teller.ts'

/** The other processes that commit to the same outbox, one of which may relay. */
export interface Others {
  /** Tells the one that relays, soon, that the outbox has more. */
  tell(): void
  /** Calls for what is told from now on, and whenever something may have been missed. */
  hear(onTold: () => void): Pick<Listener, 'close'>
  /** Says that the lease is free. Never rejects. */
  leave(): Promise<void>
  /** Calls when one has left, and whenever that may have been missed. */
  hearOfLeaving(onLeft: () => void): Pick<Listener, 'close'>
  /** Says what is still to be said. */
  close(): Promise<void>
}

export interface OthersOptions {
  pool: Pool
  listen: (options: Pick<ListenOptions, 'channels' | 'onNotify' | 'onDisconnect' | 'pollMs'>) => Listener
  logger: Logger
  /** Nothing can be heard any more, until there is a new connection. */
  onLost: () => void
}

const channel = 'write_outbox'
const leaseChannel = 'write_relay_lease'
const restMs = 5
/** Between calls while not connected: the relay looks, and asks for the lease, by clocks of its own. */
const seldomMs = 60_000

/**
 * By notifications without a payload, each in a transaction of its own after the commit: at commit they take a lock of the
 * whole cluster, which then nobody waits for who waits for an answer.
 */
export function createOthers({ pool, listen, logger, onLost }: OthersOptions): Others {
  const teller = createTeller({ send: () => query(pool, { text: `notify ${channel}` }), restMs, logger })
  return {
    tell: () => teller.tell(),
    hear(onTold) {
      let isLost = false
      const listener = listen({
        channels: [channel],
        pollMs: seldomMs,
        onNotify: () => {
          if (isLost && listener.connected()) {
            isLost = false
            logger.info({}, 'commits of other processes are heard again')
          }
          onTold()
        },
        onDisconnect: (reason) => {
          if (isLost) return
          isLost = true
          onLost()
          logger.warn({ reason }, 'commits of other processes are not heard: they are found at the next look')
        },
      })
      return listener
    },
    async leave() {
      await query(pool, { text: `notify ${leaseChannel}` }).catch(() => undefined)
    },
    // Who waits relays nothing: a connection that breaks is nobody's trouble.
    hearOfLeaving: (onLeft) => listen({ channels: [leaseChannel], onNotify: onLeft, pollMs: seldomMs }),
    close: () => teller.close(),
  }
}
