import { createConnection } from 'node:net'
import type { ServerKind, ServerProvider, ServerSettings } from './server.ts'

/** Asks a server whether it can work now: resolves when it can, rejects with the reason when not. At most 5 s. */
export async function probeServer(
  provider: ServerProvider,
  kind: ServerKind,
  settings: ServerSettings,
): Promise<void> {
  switch (kind) {
    case 'postgres':
      await provider.superuserSql(settings, 'postgres', 'select 1;')
      return
    case 'kafka':
      return probeKafka(settings.ports.kafka)
    case 'registry':
      return probeHttp(`http://127.0.0.1:${settings.ports.registry}/apis/ccompat/v7/subjects`)
    case 'object-store':
      return probeHttp(`http://127.0.0.1:${settings.ports.objectStore}/health`)
  }
}

const deadlineMs = 2_000

async function probeHttp(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(deadlineMs) })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`GET ${url} answered ${response.status}`)
}

/**
 * A Metadata request, version 1, for no topic (kafka.apache.org/protocol): the broker counts itself among the live
 * brokers only after the controller has let it in.
 */
export function probeKafka(port: number): Promise<void> {
  const clientId = Buffer.from('synap-probe')
  const request = Buffer.alloc(4 + 10 + clientId.length + 4)
  request.writeInt32BE(request.length - 4, 0)
  request.writeInt16BE(3, 4)
  request.writeInt16BE(1, 6)
  request.writeInt32BE(1, 8)
  request.writeInt16BE(clientId.length, 12)
  clientId.copy(request, 14)
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    const socket = createConnection({ host: '127.0.0.1', port }, () => socket.write(request))
    socket.setTimeout(deadlineMs, () =>
      socket.destroy(new Error('Kafka took the request and did not answer')),
    )
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      // Size, correlation id, then the number of brokers.
      if (received.length < 12) return
      if (received.readInt32BE(8) > 0) resolve()
      else reject(new Error('Kafka answers, but no broker is registered yet'))
      socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('Kafka closed the connection')))
  })
}
