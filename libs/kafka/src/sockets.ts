import net from 'node:net'
import tls from 'node:tls'
import type { ISocketFactory } from 'kafkajs'

export interface Sockets {
  factory: ISocketFactory
  /** Ends every connection now, answers pending requests with an error, and lets nothing connect any more. */
  destroy(): void
}

const keepAliveMs = 60_000

/**
 * kafkajs reads what arrives inside the socket's event, where an error would end the process. What answers on a
 * broker's port need not be a broker (its port may have passed to another program while it was down), so bytes that
 * cannot be read end the connection, as any other failure of it does.
 */
function endOnUnreadableBytes(socket: net.Socket): void {
  const emit = socket.emit.bind(socket) as (event: string, ...values: unknown[]) => boolean
  socket.emit = (event: string, ...values: unknown[]): boolean => {
    if (event !== 'data') return emit(event, ...values)
    try {
      return emit(event, ...values)
    } catch (cause) {
      socket.destroy(new Error('what answers there does not speak the Kafka protocol', { cause }))
      return true
    }
  }
}

/**
 * The connections of one client, so that they can be cut: kafkajs' own disconnect waits for the answers of requests
 * that a silent broker will never give (reliability P17).
 */
export function createSockets(): Sockets {
  const open = new Set<net.Socket>()
  let destroyed = false
  return {
    factory({ host, port, ssl, onConnect }) {
      if (destroyed) throw new Error('this client has been closed')
      const servername = net.isIP(host) === 0 ? { servername: host } : {}
      const socket = ssl
        ? tls.connect({ host, port, ...servername, ...ssl }, onConnect)
        : net.connect({ host, port }, onConnect)
      socket.setKeepAlive(true, keepAliveMs)
      socket.setNoDelay(true)
      endOnUnreadableBytes(socket)
      open.add(socket)
      socket.once('close', () => open.delete(socket))
      return socket
    },
    destroy() {
      destroyed = true
      for (const socket of open) socket.destroy(new Error('connection closed by this client'))
    },
  }
}
